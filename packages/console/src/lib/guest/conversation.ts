import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock, GuestPass } from 'guestpass';
import {
  type Attachment,
  connectSession,
  type Message,
  type QuickReply,
  type Session,
  type SessionEvent,
  type SessionState,
} from 'guestpass/session';

/** Something the visitor said that has not arrived yet. */
export interface Outgoing {
  readonly id: number;
  readonly text: string;
  readonly fileName: string | null;
  /** Why it did not arrive, as a code; it can be said again. */
  readonly failed: string | null;
}

/** A conversation as the page shows it. */
export interface Conversation {
  readonly state: ReadonlySignal<SessionState>;
  readonly messages: ReadonlySignal<readonly Message[]>;
  readonly outgoing: ReadonlySignal<readonly Outgoing[]>;
  /** Whether somebody on the other side is typing. */
  readonly typing: ReadonlySignal<boolean>;
  /** The code of what ended the conversation for good. */
  readonly lost: ReadonlySignal<string | null>;
  say(text: string): void;
  choose(reply: QuickReply, messageId: string): void;
  attach(file: File): Promise<void>;
  /** Says again what did not arrive. */
  repeat(id: number): void;
  discard(id: number): void;
  type(): void;
  download(attachment: Attachment): Promise<Blob>;
  /** Ends this conversation and begins the next. Rejects when the platform goes on with this one. */
  startNew(): Promise<void>;
  close(): Promise<void>;
}

const typingMs = 5_000;

/** Connects with a guest pass. Rejects with what `connectSession` rejects with. */
export async function openConversation(pass: GuestPass, clock: Clock): Promise<Conversation> {
  const state = signal<SessionState>('connecting');
  const messages = signal<readonly Message[]>([]);
  const lost = signal<string | null>(null);
  const { typing, onEvent, onMessage } = createTyping(clock);
  const session = await connectSession(pass, {
    clock,
    onState: (now) => {
      state.value = now;
    },
    onEvent: (event) => {
      onEvent(event);
      if (event.type === 'cleared') messages.value = [];
    },
  });
  state.value = session.state;
  void follow(session, (message) => {
    messages.value = [...messages.peek(), message];
    onMessage(message);
  }).catch((error: unknown) => {
    lost.value = codeOf(error);
  });
  return {
    ...createMouth(session),
    state,
    messages,
    typing,
    lost,
    type: () => session.sendTyping(),
    async download(attachment) {
      const bytes = await session.download(attachment);
      // A copy, because a blob takes no bytes that are shared.
      return new Blob([new Uint8Array(bytes)], { type: attachment.type ?? 'application/octet-stream' });
    },
    async startNew() {
      await session.startNew();
      messages.value = session.transcript;
    },
    close: () => session.close(),
  };
}

async function follow(session: Session, onMessage: (message: Message) => void): Promise<void> {
  for await (const message of session) onMessage(message);
}

function createTyping(clock: Clock) {
  const typing = signal(false);
  let cancel = () => {};
  const stop = () => {
    cancel();
    typing.value = false;
  };
  return {
    typing,
    onEvent(event: SessionEvent) {
      if (event.type !== 'typing' || event.author === 'guest') return;
      cancel();
      typing.value = true;
      cancel = clock.after(event.durationMs ?? typingMs, stop);
    },
    onMessage({ author }: Message) {
      if (author !== 'guest') stop();
    },
  };
}

interface Saying {
  readonly text: string;
  readonly fileName: string | null;
  readonly send: () => Promise<Message>;
}

/** What the visitor says, each shown until it has arrived. */
function createMouth(session: Session) {
  const outgoing = signal<readonly Outgoing[]>([]);
  const sayings = new Map<number, Saying>();
  let last = 0;
  const show = (id: number, change: Partial<Outgoing>) => {
    outgoing.value = outgoing.peek().map((one) => (one.id === id ? { ...one, ...change } : one));
  };
  const discard = (id: number) => {
    sayings.delete(id);
    outgoing.value = outgoing.peek().filter((one) => one.id !== id);
  };
  const start = (id: number) => {
    show(id, { failed: null });
    sayings
      .get(id)
      ?.send()
      .then(
        () => discard(id),
        (error: unknown) => show(id, { failed: codeOf(error) }),
      );
  };
  const take = (saying: Saying) => {
    last += 1;
    sayings.set(last, saying);
    outgoing.value = [...outgoing.peek(), { id: last, text: saying.text, fileName: saying.fileName, failed: null }];
    start(last);
  };
  return {
    outgoing,
    discard,
    repeat: start,
    say: (text: string) => take({ text, fileName: null, send: () => session.send(text) }),
    choose({ text, payload }: QuickReply, originatingMessageId: string) {
      const answer = { type: 'QuickReply', text, payload, originatingMessageId } as const;
      take({ text, fileName: null, send: () => session.sendButton(answer) });
    },
    async attach(file: File) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const outgoingFile = { name: file.name, type: file.type || 'application/octet-stream', bytes };
      take({ text: '', fileName: file.name, send: () => session.attach(outgoingFile) });
    },
  };
}

/** The code of an error of ours; anything else has none of its own. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unexpected_error';
}
