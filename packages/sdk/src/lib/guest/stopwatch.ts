import type { Clock } from '../clock.ts';
import type { StageName, StageTimings } from './attempt.ts';

/** Times the stages of one attempt, each from the end of the one before. */
export interface Stopwatch {
  /** Instant on the clock's monotonic axis at which the attempt began. */
  readonly startedAt: number;
  readonly stages: StageTimings;
  /** Ends the stage that has run since the last lap, and returns its milliseconds. A stage that laps twice adds up. */
  lap(stage: StageName): number;
  /** Milliseconds since the attempt began. */
  elapsed(): number;
}

/** A watch that starts now. */
export function startStopwatch(clock: Clock): Stopwatch {
  const startedAt = clock.monotonic();
  const stages: Partial<Record<StageName, number>> = {};
  let last = startedAt;
  return {
    startedAt,
    stages,
    lap(stage) {
      const now = clock.monotonic();
      const span = roundMs(now - last);
      const before = stages[stage];
      stages[stage] = before === undefined ? span : roundMs(before + span);
      last = now;
      return span;
    },
    elapsed: () => roundMs(clock.monotonic() - startedAt),
  };
}

/** Two decimals are what a person can use and what the tutorial records. */
function roundMs(spanMs: number): number {
  return Math.round(spanMs * 100) / 100;
}
