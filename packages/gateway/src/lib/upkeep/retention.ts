import type { Clock } from 'guestpass';
import type { Forgotten, RetentionStep, RetentionStore } from '../store/retention.ts';

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
  /** Ends the run behind the step under way. */
  readonly signal: AbortSignal;
}

/** Forgets everything that is due, a step at a time. To be run again and again; what one run leaves the next takes. */
export async function forgetDue(options: RetentionOptions): Promise<void> {
  const { store, personalDataMs, recordsMs } = options;
  await repeat(personalDataMs, (step) => store.forgetPersonalData(step), options);
  await repeat(recordsMs, (step) => store.deleteAttempts(step), options);
}

async function repeat(
  ageMs: number | undefined,
  take: (step: RetentionStep) => Promise<Forgotten>,
  { clock, signal }: RetentionOptions,
): Promise<void> {
  if (ageMs === undefined) return;
  while (!signal.aborted) {
    const nowMs = clock.now();
    const { attempts } = await take({ beforeMs: nowMs - ageMs, nowMs });
    if (attempts === 0) return;
  }
}
