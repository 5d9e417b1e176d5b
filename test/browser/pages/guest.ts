import { connectSession, type Message, type Session } from 'guestpass/session';

// What a site's own page makes of the session; bundled as a site bundles it.

/** A guest at the page, as the tests see it. */
export interface Guest {
  readonly session: Session;
  /** Everything the session told so far, as `author: text`. */
  readonly heard: readonly string[];
  /** What happened beside it, such as `agent: typing`. */
  readonly events: readonly string[];
  readonly states: readonly string[];
}

export interface GuestPage {
  readonly connect: (...given: Parameters<typeof connectSession>) => Promise<Guest>;
}

const lineOf = ({ author, text }: Message) => `${author}: ${text}`;

const guestPage: GuestPage = {
  async connect(pass, options) {
    const heard: string[] = [];
    const events: string[] = [];
    const states: string[] = [];
    const session = await connectSession(pass, {
      ...options,
      onState: (state) => states.push(state),
      onEvent: (event) => events.push('author' in event ? `${event.author}: ${event.type}` : event.type),
    });
    const listen = async () => {
      for await (const message of session) heard.push(lineOf(message));
      heard.push('the end');
    };
    void listen();
    return { session, heard, events, states };
  },
};

Object.assign(globalThis, { guestPage });
