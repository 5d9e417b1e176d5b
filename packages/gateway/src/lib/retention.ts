import type { Clock } from 'guestpass';
import type { Forgotten, RetentionStep, RetentionStore } from './store/retention.ts';

/** How long things are kept, counted from the end of an attempt. */
export interface RetentionTerms {
  /** What is personal. Default: for ever. */
  readonly personalDataMs?: number | undefined;
  /** Everything else about an attempt, and records of the audit log where an archive takes them. Default: for ever. */
  readonly recordsMs?: number | undefined;
}

export interface RetentionOptions extends RetentionTerms {
  readonly store: RetentionStore;
  readonly clock: Clock;
}

/** Steps of one run at most, so that a backlog of years does not keep guests waiting all day. */
const mostSteps = 500;

/** Forgets everything that is due now, a step at a time. To be run again and again; what one run leaves the next takes. */
export async function forgetDue({ store, clock, personalDataMs, recordsMs }: RetentionOptions): Promise<void> {
  await repeat(clock, personalDataMs, (step) => store.forgetPersonalData(step));
  await repeat(clock, recordsMs, (step) => store.deleteAttempts(step));
}

async function repeat(
  clock: Clock,
  ageMs: number | undefined,
  take: (step: RetentionStep) => Promise<Forgotten>,
): Promise<void> {
  if (ageMs === undefined) return;
  for (let step = 0; step < mostSteps; step += 1) {
    const nowMs = clock.now();
    const { attempts } = await take({ beforeMs: nowMs - ageMs, nowMs });
    if (attempts === 0) return;
  }
}
