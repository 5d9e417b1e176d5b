export interface PaceOptions {
  /** Messages in any second. */
  readonly messagesPerSecond: number;
  /** Requests of any kind in any minute of one connection. */
  readonly requestsPerMinute: number;
}

/** Keeps what is sent within the limits of the platform. All instants are of one monotonic clock, in milliseconds. */
export interface Pace {
  /** How long the next one has to wait. */
  waitMs(what: 'message' | 'request', now: number): number;
  /** Notes that one is sent now. A message is a request too. */
  take(what: 'message' | 'request', now: number): void;
  /** Sends nothing before that instant. */
  pauseUntil(instant: number): void;
  /** The limits of a connection begin anew; being configured is its first request. */
  reconnected(now: number): void;
}

export function createPace({ messagesPerSecond, requestsPerMinute }: PaceOptions): Pace {
  const messages = createWindow(messagesPerSecond, 1000);
  let requests = createWindow(requestsPerMinute, 60_000);
  let pausedUntil = Number.NEGATIVE_INFINITY;
  return {
    waitMs(what, now) {
      const messageAt = what === 'message' ? messages.freeAt() : now;
      return Math.max(0, requests.freeAt() - now, messageAt - now, pausedUntil - now);
    },
    take(what, now) {
      requests.take(now);
      if (what === 'message') messages.take(now);
    },
    pauseUntil(instant) {
      pausedUntil = Math.max(pausedUntil, instant);
    },
    reconnected(now) {
      requests = createWindow(requestsPerMinute, 60_000);
      requests.take(now);
    },
  };
}

/** Turns of one kind. */
export interface Turns {
  /** The instant from which the next one may be taken. */
  freeAt(): number;
  take(now: number): void;
}

/** Remembers the last turns, so that no window, whenever it begins, holds more than `most`. */
export function createWindow(most: number, lengthMs: number): Turns {
  const turns: number[] = [];
  return {
    freeAt: () => (turns.length < most ? Number.NEGATIVE_INFINITY : (turns[0] ?? 0) + lengthMs),
    take(now: number) {
      turns.push(now);
      if (turns.length > most) turns.shift();
    },
  };
}
