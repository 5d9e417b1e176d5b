import type { Clock } from 'guestpass';

/** A reason to take no more guests just now, in one sentence; `undefined` while all is well. */
export type Pressure = () => string | undefined;

export interface MemoryPressureOptions {
  readonly clock: Clock;
  /** Bytes this process holds. */
  readonly bytes: () => number;
  readonly maxBytes: number;
}

const readEveryMs = 500;

/** Felt while the process holds more memory than it may; looked at twice a second at most. */
export function memoryPressure({ clock, bytes, maxBytes }: MemoryPressureOptions): Pressure {
  let nextAt = Number.NEGATIVE_INFINITY;
  let held = 0;
  return () => {
    if (clock.monotonic() >= nextAt) {
      held = bytes();
      nextAt = clock.monotonic() + readEveryMs;
    }
    return held > maxBytes ? 'The process holds more memory than it may.' : undefined;
  };
}

export interface QueuePressureOptions {
  /** What waits to be kept, and for how long the first of it has. */
  readonly queue: { readonly waiting: number; readonly waitedMs: number };
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

/** Felt while too much waits for the database, or the database takes too long for what waits. */
export function queuePressure({ queue, maxWaiting, maxWaitMs }: QueuePressureOptions): Pressure {
  return () => {
    if (queue.waiting > maxWaiting) return 'Too many records wait for the database.';
    return queue.waitedMs > maxWaitMs ? 'The database is late with what it has been given.' : undefined;
  };
}

/** A pressure that takes time to find out. */
export interface MeasuredPressure {
  /** What was found last. */
  readonly felt: Pressure;
  /** Looks again. Never rejects: what cannot be measured is not felt. */
  measure(): Promise<void>;
}

/** Keeps what `look` finds, so that nobody who is to be let in waits for it. */
export function measuredPressure(look: () => Promise<string | undefined>): MeasuredPressure {
  let found: string | undefined;
  return {
    felt: () => found,
    async measure() {
      found = await look().catch(() => undefined);
    },
  };
}
