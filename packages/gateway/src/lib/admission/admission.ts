import { type Attempt, type Clock, type GuestPayload, GuestpassError, isGuestpassError } from 'guestpass';
import { parseGuestPayload } from 'guestpass/contract';
import { attemptGuest, breakOff, endEarly, type Pipeline, type Run, refusePayload } from 'guestpass/pipeline';
import { type Collection, nowhere } from '../consent/collection.ts';
import type { Consents, Receipted } from '../consent/consents.ts';
import { inTime } from '../in-time.ts';
import type { AttemptStore, IntentOutcome } from '../store/attempts.ts';
import type { Idempotency, Intent } from '../store/intents.ts';
import type { AttemptTrace } from '../tracing/tracing.ts';
import { inDoubt, notKept } from './in-doubt.ts';
import type { OutcomeKeeper } from './outcome-keeper.ts';

export interface AdmissionOptions {
  readonly pipeline: Pipeline;
  readonly attempts: AttemptStore;
  readonly outcomes: OutcomeKeeper;
  /** Gives receipts to those who are let in. Default nobody does. */
  readonly consents?: Pick<Consents, 'receiptFor'> | undefined;
  readonly clock: Clock;
}

/** What became of a request to let a guest in. */
export interface Admission {
  readonly attempt: Attempt;
  /** True when the attempt is an earlier one with the same idempotency key. */
  readonly replayed: boolean;
  /**
   * False when no outcome is on record: of a payload too broken to be an attempt, which leaves a line in the log and a
   * count, and of an attempt whose outcome the storage did not take.
   */
  readonly recorded: boolean;
}

/**
 * Lets one guest in, durably: the intent is on the disk before the platform is called, and the outcome, its audit record
 * and the webhook jobs are on the disk before the guest pass is handed over.
 *
 * Storage that hangs is waited for until the deadline of the attempt, and two seconds more for an outcome.
 *
 * @throws GuestpassError `idempotency_in_progress`, `idempotency_key_reused`, `storage_unavailable` or `overloaded`:
 * then no guest was made. A guest that may have been made and is not on record is an `unknown` attempt, without a pass.
 * A malfunction of our own is thrown as it is, and the attempt stands as `unknown`.
 */
export type Admit = (input: unknown, ask?: Ask) => Promise<Admission>;

/** What is known of a request beside its payload. */
export interface Ask {
  readonly idempotency?: Idempotency;
  /** The visitor's address, for the captcha provider. */
  readonly remoteIp?: string;
  /** Where the guest consents, for the receipt and its record. Default nothing is known of it. */
  readonly collection?: () => Collection;
  /** Follows the attempt. Default nobody does. */
  readonly trace?: AttemptTrace | undefined;
}

interface Ended {
  readonly attempt: Attempt;
  readonly consent?: Receipted['consent'];
}

export function createAdmit({ pipeline, attempts, outcomes, consents, clock }: AdmissionOptions): Admit {
  return async (input, ask = {}) => {
    const run = begin(ask);
    const parsed = parseGuestPayload(input);
    if (!parsed.ok) return { attempt: refusePayload(input, parsed.faults, run), replayed: false, recorded: false };
    run.watch.lap('payload');

    const earlier = await claim(parsed.payload, run, ask);
    if (earlier) return { attempt: earlier, replayed: true, recorded: true };

    return await settle(await letIn(parsed.payload, run, ask), run);
  };

  function begin({ remoteIp, trace }: Ask): Run {
    const run = pipeline.begin({ ...(remoteIp !== undefined && { remoteIp }), ...(trace && { trace: trace.try }) });
    const watch = trace?.follow(run.watch) ?? run.watch;
    return watch === run.watch ? run : { ...run, watch };
  }

  /** A malfunction is thrown on once what is known then is on record: nobody need wait for the end of the lease. */
  async function letIn(payload: GuestPayload, run: Run, { collection = () => nowhere }: Ask): Promise<Ended> {
    let attempt: Attempt | undefined;
    try {
      attempt = await attemptGuest(payload, pipeline.setup, run);
      return consents?.receiptFor(attempt, { payload, collection }) ?? { attempt };
    } catch (malfunction) {
      const open = attempt ? inDoubt(attempt, brokenOff) : breakOff(payload, run);
      // Whoever keeps the outcome tells of it.
      await outcomes.keep(open, clock.monotonic() + recordingMs).catch(() => {});
      throw malfunction;
    }
  }

  async function settle({ attempt, consent }: Ended, run: Run): Promise<Admission> {
    try {
      const first = await outcomes.keep(attempt, Math.max(deadlineOf(run), clock.monotonic() + recordingMs), consent);
      run.watch.lap('audit');
      return { attempt: first ? attempt : inDoubt(attempt, overtaken), replayed: false, recorded: true };
    } catch (error) {
      if (!isGuestpassError(error) || attempt.outcome === 'refused' || attempt.outcome === 'failed') throw error;
      return { attempt: inDoubt(attempt, notKept, error), replayed: false, recorded: false };
    }
  }

  async function claim(payload: GuestPayload, run: Run, { idempotency, trace }: Ask): Promise<Attempt | undefined> {
    const intent = {
      attemptId: run.id,
      payload,
      nowMs: clock.now(),
      ...(idempotency && { idempotency }),
      ...(trace && { traceparent: trace.traceparent }),
    };
    const claimed = await record(intent, run);
    run.watch.lap('audit');
    switch (claimed.outcome) {
      case 'claimed':
        return undefined;
      case 'replay':
        return claimed.attempt;
      case 'in_progress':
        throw new GuestpassError('idempotency_in_progress', 'An attempt with this key is under way.', {
          retryAfterMs: 1_000,
          attemptId: claimed.attemptId,
        });
      case 'reused':
        throw new GuestpassError('idempotency_key_reused', 'This idempotency key was used with another payload.');
    }
  }

  /** An intent that is recorded too late is withdrawn: the platform is not called for it. */
  async function record(intent: Intent, run: Run): Promise<IntentOutcome> {
    const { attemptId, payload } = intent;
    const recording = attempts.recordIntent(intent);
    let isLate = false;
    const withdrawn = recording.then(async ({ outcome }) => {
      if (!isLate || outcome !== 'claimed') return;
      const failed = endEarly('failed', tooLate(attemptId), { run, payload });
      await outcomes.keep(failed, clock.monotonic() + recordingMs);
    });
    // Whoever keeps the outcome tells of it.
    withdrawn.catch(() => {});
    const late = () => {
      isLate = true;
      return tooLate(attemptId);
    };
    return await inTime(recording, deadlineOf(run) - clock.monotonic(), { clock, late });
  }
}

function tooLate(attemptId: string): GuestpassError {
  return new GuestpassError('storage_unavailable', 'The intent could not be recorded in time.', { attemptId });
}

function deadlineOf({ deadlineAt = Number.POSITIVE_INFINITY }: Run): number {
  return deadlineAt;
}

/** Time to record an outcome that came at the last moment, in milliseconds. */
const recordingMs = 2_000;

/** Another process took this one for gone and put `unknown` on record. */
const overtaken = 'The attempt took so long that it was given up for lost; the guest may exist.';
const brokenOff = 'The attempt broke off by a malfunction; the guest may exist.';
