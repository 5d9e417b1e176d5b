import type { AuditRecord, AuditSink } from './audit/event.ts';
import { guestOutcome, guestRequested } from './audit/guest-events.ts';
import { createCallbacks } from './callbacks.ts';
import { type Clock, createTimestamps } from './clock.ts';
import type { GuestPayload } from './contract/guest-payload.ts';
import { GuestpassError, isGuestpassError } from './errors.ts';
import type { Attempt } from './guest/attempt.ts';
import type { Run } from './guest/attempt-guest.ts';
import { createStatistics, type Statistics } from './guest/statistics.ts';
import { type GuestNotice, guestNotice } from './webhook/notice.ts';

export interface BooksOptions {
  readonly clock: Clock;
  readonly audit: AuditSink;
  readonly onAudit?: ((record: AuditRecord) => unknown) | undefined;
  readonly onGuest?: ((notice: GuestNotice) => unknown) | undefined;
  readonly onProblem?: ((error: unknown) => void) | undefined;
}

/** Everything that is kept of an attempt: the audit records, the counts, and the word to others. */
export interface Books {
  /** Records the intent. The error says why there is no record, and so why the platform must not be called. */
  intend(payload: GuestPayload, run: Run): Promise<GuestpassError | undefined>;
  /** Counts, records and announces the outcome. A record that cannot be written never takes a guest pass back. */
  settle(attempt: Attempt, run: Run): Promise<Attempt>;
  read(): Statistics;
  /** Resolves when every callback has ended. */
  drained(): Promise<void>;
}

export function createBooks({ clock, audit, onAudit, onGuest, onProblem }: BooksOptions): Books {
  const statistics = createStatistics();
  const now = createTimestamps(clock);
  const callbacks = createCallbacks({ clock, ...(onProblem && { onProblem }) });

  const tell = (recorded: AuditRecord) => {
    if (onAudit) callbacks.post(onAudit, recorded);
  };

  return {
    async intend(payload, run) {
      let problem: GuestpassError | undefined;
      try {
        tell(await audit.record(guestRequested(run.id, payload, run.startedAt)));
      } catch (error) {
        problem = notRecorded(error);
      }
      run.watch.lap('audit');
      return problem;
    },
    async settle(attempt, run) {
      const timestamp = now();
      let sequence: number | null = null;
      try {
        const recorded = await audit.record(guestOutcome(attempt, statistics.count(attempt), timestamp));
        sequence = recorded.sequence;
        tell(recorded);
      } catch (error) {
        callbacks.report(notRecorded(error));
      }
      run.watch.lap('audit');
      if (onGuest) callbacks.post(onGuest, guestNotice(attempt, timestamp, sequence));
      run.watch.lap('webhook');
      return attempt;
    },
    read: () => statistics.read(),
    drained: () => callbacks.drained(),
  };
}

function notRecorded(error: unknown): GuestpassError {
  if (isGuestpassError(error)) return error;
  return new GuestpassError('storage_unavailable', 'The audit sink did not take the record.', { cause: error });
}
