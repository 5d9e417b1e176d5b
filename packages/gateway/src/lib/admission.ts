import { type Attempt, type Clock, type GuestPayload, GuestpassError } from 'guestpass';
import { parseGuestPayload } from 'guestpass/contract';
import { attemptGuest, type Pipeline, type Run, refusePayload } from 'guestpass/pipeline';
import type { AttemptStore } from './store/attempts.ts';
import type { Idempotency } from './store/intents.ts';

export interface AdmissionOptions {
  readonly pipeline: Pipeline;
  readonly attempts: AttemptStore;
  readonly clock: Clock;
  /** Told of an outcome that could not be recorded; it is found again as `unknown`. Default: nobody is. */
  readonly onProblem?: (error: unknown) => void;
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
 * @throws GuestpassError `idempotency_in_progress`, `idempotency_key_reused`, `storage_unavailable` or `overloaded`:
 * then no guest was made. A guest that may have been made and is not on record is an `unknown` attempt, without a pass.
 */
export type Admit = (input: unknown, ask?: Ask) => Promise<Admission>;

/** What is known of a request beside its payload. */
export interface Ask {
  readonly idempotency?: Idempotency;
  /** The visitor's address, for the captcha provider. */
  readonly remoteIp?: string;
}

export function createAdmit({ pipeline, attempts, clock, onProblem }: AdmissionOptions): Admit {
  return async (input, { idempotency, remoteIp } = {}) => {
    const run = pipeline.begin(remoteIp === undefined ? {} : { remoteIp });
    const parsed = parseGuestPayload(input);
    if (!parsed.ok) return { attempt: refusePayload(input, parsed.faults, run), replayed: false, recorded: false };
    run.watch.lap('payload');

    const earlier = await claim(parsed.payload, run, idempotency);
    if (earlier) return { attempt: earlier, replayed: true, recorded: true };

    return await settle(await attemptGuest(parsed.payload, pipeline.setup, run), run);
  };

  async function settle(attempt: Attempt, run: Run): Promise<Admission> {
    try {
      const first = await attempts.recordOutcome(attempt, clock.now());
      run.watch.lap('audit');
      return { attempt: first ? attempt : inDoubt(attempt, overtaken), replayed: false, recorded: true };
    } catch (cause) {
      const error = unrecorded(attempt, cause);
      onProblem?.(error);
      if (attempt.outcome === 'refused' || attempt.outcome === 'failed') throw error;
      return { attempt: inDoubt(attempt, notKept, error), replayed: false, recorded: false };
    }
  }

  async function claim(payload: GuestPayload, run: Run, idempotency?: Idempotency): Promise<Attempt | undefined> {
    const intent = { attemptId: run.id, payload, nowMs: clock.now(), ...(idempotency && { idempotency }) };
    const claimed = await attempts.recordIntent(intent);
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
}

function unrecorded({ id, outcome }: Attempt, cause: unknown): GuestpassError {
  const detail = `The outcome of ${id}, ${outcome}, could not be recorded; it will stand as unknown.`;
  return new GuestpassError('storage_unavailable', detail, { attemptId: id, cause });
}

/** Another process took this one for gone and put `unknown` on record. */
const overtaken = 'The attempt took so long that it was given up for lost; the guest may exist.';
const notKept = 'The outcome could not be recorded; the guest may exist.';

/** A guest pass that no record tells of is not handed over. */
function inDoubt(attempt: Attempt, detail: string, cause?: GuestpassError): Attempt {
  const { id, channelId, consentTimestamp, captcha, startedAt, latencyMs, durationMs, stages, retries } = attempt;
  const { statusCodes, correlationId } = attempt;
  return {
    outcome: 'unknown',
    stage: 'audit',
    error: new GuestpassError('outcome_unknown', detail, { attemptId: id, ...(cause && { cause }) }),
    id,
    channelId,
    consentTimestamp,
    captcha,
    startedAt,
    latencyMs,
    durationMs,
    stages,
    retries,
    statusCodes,
    correlationId,
  };
}
