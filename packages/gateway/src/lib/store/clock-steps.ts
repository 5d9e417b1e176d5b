import type { Clock } from 'guestpass';
import type { NewEvent } from './chain.ts';

/** Tells of a wall clock that was set back, as it stands between two writes of one process. */
export interface ClockSteps {
  /** The event of a step back since the last look that was kept; `undefined` while the clock went on. */
  look(): NewEvent | undefined;
  /** What the last look found is on the disk. */
  kept(): void;
}

/** Smaller steps are what time services do all day, in milliseconds. */
const tolerableMs = 1_000;

export function createClockSteps(clock: Pick<Clock, 'now'>): ClockSteps {
  let keptMs = Number.NEGATIVE_INFINITY;
  let lookedMs = keptMs;
  return {
    look() {
      lookedMs = clock.now();
      if (keptMs - lookedMs <= tolerableMs) return undefined;
      const [from, to] = [isoOf(keptMs), isoOf(lookedMs)];
      return { event: { eventType: 'WEBMESSAGING_CLOCK_SET_BACK', from, to, timestamp: to }, nowMs: lookedMs };
    },
    kept() {
      keptMs = lookedMs;
    },
  };
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
