import { type Clock, sleep } from 'guestpass';
import type { Schedule } from './schedule.ts';

export interface ArrivalsOptions {
  readonly clock: Clock;
  /** Lets nobody come any more. */
  readonly signal: AbortSignal;
  /** Called for each guest at its time or, when the process was late, as soon as it can be. `dueAt` is monotonic. */
  readonly start: (number: number, dueAt: number) => void;
}

/** Lets guests come on schedule. Nobody waits for those before. */
export async function arrive(schedule: Schedule, { clock, signal, start }: ArrivalsOptions): Promise<void> {
  const startedAt = clock.monotonic();
  let number = 1;
  while (number <= schedule.total && !signal.aborted) {
    const elapsedMs = clock.monotonic() - startedAt;
    const dueMs = schedule.at(number);
    if (dueMs <= elapsedMs) {
      start(number, startedAt + dueMs);
      number += 1;
    } else await sleep(clock, Math.max(dueMs - elapsedMs, 1), signal).catch(() => {});
  }
}
