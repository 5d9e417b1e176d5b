import type { Clock } from 'guestpass';
import type { Events, Stamped } from '../../events.ts';
import type { Refusal } from '../../http/refusal.ts';
import { openStream } from '../../openapi/stream.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { Journal } from './journal.ts';
import { type OperatorRoute, route } from './route.ts';
import type { StreamEvent } from './stream-event.ts';
import { recallEvents, type StreamMemory } from './stream-memory.ts';

export interface StreamRouteOptions {
  readonly events: Events<StreamEvent, StreamMemory>;
  /** Where attempts stand that happened while a listener was away. */
  readonly attempts: Pick<AttemptStore, 'getAll'>;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** How often a silent stream shows that it is alive: shorter than proxies wait. So often it is seen who may still listen. */
const heartbeatMs = 15_000;
/** Events that may wait for one listener: a second of them at a thousand guests a second. */
const longestQueue = 1_024;
const mostListeners = 100;

/** Whoever listens is on record once for each connection. */
export function createStreamRoutes(options: StreamRouteOptions): readonly OperatorRoute[] {
  const { events, attempts, journal, clock } = options;
  const recall: StreamTerms['recall'] = (since) => recallEvents(since, attempts);
  return [
    route(openStream, async ({ headers, cut, isStillIn, ...caller }) => {
      if (events.listeners >= mostListeners) return tooMany;
      await journal(caller, { eventType: 'OPERATOR_STREAM_OPENED' });
      const body = streamBody(events, { recall, clock, cut, isStillIn, after: headers.get('last-event-id') });
      // Proxies that gather answers would hold events back.
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' } });
    }),
  ];
}

const tooMany: Refusal = { code: 'overloaded', detail: `There are ${mostListeners} listeners already.` };

interface StreamTerms {
  readonly recall: (since: readonly Stamped<StreamMemory>[]) => Promise<readonly Stamped<StreamEvent>[]>;
  readonly clock: Clock;
  readonly after: string | null;
  readonly cut: (() => void) | undefined;
  readonly isStillIn: () => boolean;
}

/** Server-sent events (WHATWG HTML, section 9.2) until the listener goes, falls behind, is no longer let in, or no more come. */
function streamBody(events: StreamRouteOptions['events'], terms: StreamTerms): ReadableStream<Uint8Array> {
  const { recall, clock, after, cut, isStillIn } = terms;
  const encoder = new TextEncoder();
  let stop = () => {};
  let ended = false;
  /** What happens while that of before is read. */
  let early: Stamped<StreamEvent>[] | undefined = [];

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string) => controller.enqueue(encoder.encode(text));
        const hasRoom = () => (early ? early.length < longestQueue : (controller.desiredSize ?? 0) > 0);
        const tell = (stamped: Stamped<StreamEvent>) => (early ? void early.push(stamped) : send(textOf(stamped)));
        const begin = (told: readonly Stamped<StreamEvent>[], missed: boolean) => {
          if (ended) return;
          const news = [...told, ...(early ?? [])].map(textOf).join('');
          early = undefined;
          send(`retry: 2000\n\n${missed ? 'event: missed\ndata: {}\n\n' : ''}${news}`);
        };
        const fallBehind = () => {
          stop();
          // The server would write a failed stream to the console.
          if (cut) cut();
          else controller.error(new Error('The listener does not keep up.'));
        };
        const end = () => {
          ended = true;
          stop();
          controller.close();
        };
        const { since, missed, leave } = events.subscribe(
          {
            onEvent: (stamped) => (hasRoom() ? tell(stamped) : fallBehind()),
            onEnd: end,
          },
          after,
        );
        if (ended) return;
        const cancelBeat = beat(clock, () => {
          if (!isStillIn()) end();
          else if (hasRoom()) send(':\n\n');
        });
        stop = () => {
          ended = true;
          leave();
          cancelBeat();
        };
        if (since.length === 0) return begin([], missed);
        // Whoever cannot be told what happened reads the lists again.
        recall(since).then(
          (told) => begin(told, missed),
          () => begin([], true),
        );
      },
      cancel: () => stop(),
    },
    { highWaterMark: longestQueue },
  );
}

/** JSON has no line breaks, so that one data line holds it. */
function textOf({ id, event }: Stamped<StreamEvent>): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`;
}

/** Calls `then` again and again, until the returned function is called. */
function beat(clock: Clock, then: () => void): () => void {
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(heartbeatMs, () => {
      // Before what may cancel it.
      next();
      then();
    });
  };
  next();
  return () => cancel();
}
