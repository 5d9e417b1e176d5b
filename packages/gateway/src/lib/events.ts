import { randomUUID } from 'node:crypto';

/** Something that happened, in the order it did. */
export interface Stamped<Event> {
  /** Names the event in this process; `Last-Event-ID` of a listener that comes back. */
  readonly id: string;
  readonly event: Event;
}

export interface Listener<Event> {
  /** Called for each event, in order. Must return at once. */
  onEvent(stamped: Stamped<Event>): void;
  /** Called once when no more events come. */
  onEnd(): void;
}

/** Where a listener is taken up again. */
export interface Resumption<Memory> {
  /** What is remembered of what happened since, oldest first. */
  readonly since: readonly Stamped<Memory>[];
  /** True when more happened since than is remembered, or when the id is none of this process. */
  readonly missed: boolean;
  /** Ends the subscription; `onEnd` is not called. */
  readonly leave: () => void;
}

/** Tells those who listen what happens in this process. Nothing is kept beyond it: what lasts stands in the database. */
export interface Events<Event, Memory = Event> {
  /** Tells every listener, and remembers the event. Never throws and never waits. */
  publish(event: Event): void;
  /** Listens from now on; with an `after`, what is remembered of what happened behind that event is handed over first. */
  subscribe(listener: Listener<Event>, after?: string | null): Resumption<Memory>;
  /** How many listen. */
  readonly listeners: number;
  /** Ends every subscription; who may still listen comes back. */
  dismiss(): void;
  /** Ends every subscription, so that nothing holds up a shutdown; later ones end at once. */
  [Symbol.dispose](): void;
}

export interface EventsOptions<Event, Memory> {
  /** What is remembered of an event for listeners that come back. It outlives an erasure of what the event told. */
  readonly remember: (event: Event) => Memory;
  /** Events remembered. Default 1,000. */
  readonly capacity?: number;
}

export function createEvents<Event, Memory>(options: EventsOptions<Event, Memory>): Events<Event, Memory> {
  const { remember, capacity = 1_000 } = options;
  // Another process, or this one before a restart, counted other events.
  const era = randomUUID().slice(0, 8);
  const remembered: Stamped<Memory>[] = [];
  const listeners = new Set<Listener<Event>>();
  let published = 0;
  let ended = false;

  const since = (after: string | null): Pick<Resumption<Memory>, 'since' | 'missed'> => {
    if (after === null) return { since: [], missed: false };
    const number = numberIn(after, era);
    if (number === undefined || number > published) return { since: [], missed: true };
    const behind = published - number;
    return { since: behind === 0 ? [] : remembered.slice(-behind), missed: behind > remembered.length };
  };

  const dismiss = () => {
    const leaving = [...listeners];
    listeners.clear();
    for (const listener of leaving) listener.onEnd();
  };

  return {
    publish(event) {
      if (ended) return;
      published += 1;
      const id = `${era}-${published}`;
      remembered.push({ id, event: remember(event) });
      if (remembered.length > capacity) remembered.shift();
      for (const listener of [...listeners]) listener.onEvent({ id, event });
    },
    subscribe(listener, after = null) {
      const resumption = since(after);
      if (ended) listener.onEnd();
      else listeners.add(listener);
      return { ...resumption, leave: () => listeners.delete(listener) };
    },
    get listeners() {
      return listeners.size;
    },
    dismiss,
    [Symbol.dispose]() {
      ended = true;
      dismiss();
    },
  };
}

function numberIn(id: string, era: string): number | undefined {
  const [, number] = /^[0-9a-f]{8}-(\d{1,15})$/.exec(id) ?? [];
  return number !== undefined && id.startsWith(era) ? Number(number) : undefined;
}
