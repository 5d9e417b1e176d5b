import { type Attempt, type Clock, GuestpassError, isGuestpassError } from 'guestpass';
import { inTime } from '../in-time.ts';
import type { AttemptStore } from '../store/attempts.ts';
import type { RecordedConsent } from '../store/recorded-consent.ts';
import { inDoubt, notKept } from './in-doubt.ts';

export interface OutcomeKeeperOptions {
  readonly attempts: Pick<AttemptStore, 'recordOutcome' | 'get'>;
  readonly clock: Clock;
  /** How long an attempt is its process's own, in milliseconds, from its beginning. */
  readonly leaseMs: number;
  /** Told of an outcome that could not be recorded; it is found again as `unknown`. Default: nobody is. */
  readonly onProblem?: ((error: unknown) => void) | undefined;
}

/**
 * Records outcomes, and does not give up while nobody else may do it. One that cannot be written for another reason than
 * trouble with the storage is recorded as `unknown`, and rejects all the same.
 */
export interface OutcomeKeeper extends AsyncDisposable {
  /**
   * Resolves, once the outcome is on record, with false when the attempt had another one already. Rejects with
   * `storage_unavailable` when it is not there by `untilAt`, an instant of the monotonic clock; recording it is then
   * tried further as long as the lease lasts.
   */
  keep(attempt: Attempt, untilAt: number, consent?: RecordedConsent): Promise<boolean>;
}

const firstDelayMs = 50;
const longestDelayMs = 1_000;

export function createOutcomeKeeper(options: OutcomeKeeperOptions): OutcomeKeeper {
  const { clock, leaseMs, onProblem } = options;
  const underWay = new Set<Promise<unknown>>();
  const patience = createPatience(clock);

  const persist = async (attempt: Attempt, consent?: RecordedConsent): Promise<boolean> => {
    const leaseEndsAt = clock.monotonic() + leaseMs - attempt.durationMs;
    const nowMs = clock.now();
    for (let delayMs = firstDelayMs, tried = false; ; delayMs = Math.min(2 * delayMs, longestDelayMs)) {
      try {
        const first = await options.attempts.recordOutcome(attempt, nowMs, consent);
        // An earlier try may have been kept although its answer was lost.
        return first || (tried && (await isKept(attempt)));
      } catch (cause) {
        const isLast = patience.isOver || clock.monotonic() + delayMs >= leaseEndsAt;
        // What cannot be written as it is stands as open at once, and not when the lease has ended.
        if (!isPassing(cause)) await options.attempts.recordOutcome(inDoubt(attempt, notKept), nowMs).catch(() => {});
        if (isLast || !isPassing(cause)) throw unrecorded(attempt, cause);
        tried = true;
        await patience.pause(delayMs);
      }
    }
  };

  const isKept = async (attempt: Attempt) => (await options.attempts.get(attempt.id))?.status === attempt.outcome;

  return {
    async keep(attempt, untilAt, consent) {
      const kept = persist(attempt, consent);
      const done = kept.catch((error: unknown) => onProblem?.(error)).finally(() => underWay.delete(done));
      underWay.add(done);
      const late = () => unrecorded(attempt, new Error('The time is up.'));
      return await inTime(kept, untilAt - clock.monotonic(), { clock, late });
    },
    async [Symbol.asyncDispose]() {
      patience.end();
      await Promise.all(underWay);
    },
  };
}

/** Pauses that end at once when there is no more time. */
function createPatience(clock: Clock) {
  const end = Promise.withResolvers<void>();
  let isOver = false;
  return {
    get isOver() {
      return isOver;
    },
    async pause(spanMs: number) {
      const over = Promise.withResolvers<void>();
      const cancel = clock.after(spanMs, over.resolve);
      await Promise.race([over.promise, end.promise]);
      cancel();
    },
    end() {
      isOver = true;
      end.resolve();
    },
  };
}

function isPassing(error: unknown): boolean {
  return isGuestpassError(error) && (error.code === 'storage_unavailable' || error.code === 'overloaded');
}

function unrecorded({ id, outcome }: Attempt, cause: unknown): GuestpassError {
  const detail = `The outcome of ${id}, ${outcome}, could not be recorded; it will stand as unknown.`;
  return new GuestpassError('storage_unavailable', detail, { attemptId: id, cause });
}
