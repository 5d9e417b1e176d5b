import { type Clock, sleep } from '../clock.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import { GuestpassError } from '../errors.ts';
import type { Attempt } from './attempt.ts';
import type { Run } from './attempt-guest.ts';
import type { Idempotency } from './idempotency.ts';

export interface JoinOptions {
  readonly idempotency: Idempotency;
  readonly clock: Clock;
  /** Makes the attempt of a call that is the first with its key. */
  readonly start: (payload: GuestPayload, run: Run) => Promise<Attempt>;
}

/**
 * Makes an attempt under the key of its call, or waits for the one that has the key: as long as the call itself may take,
 * whatever the other may. An attempt that ended because its own caller had no more time, and created nothing, is made
 * again by who still has some. Resolves with the error that ends this call alone.
 */
export type Join = (key: string, payload: GuestPayload, run: Run) => Promise<Attempt | GuestpassError>;

export function createJoin({ idempotency, clock, start }: JoinOptions): Join {
  return async (key, payload, run) => {
    for (;;) {
      let isOwn = false;
      const begun = idempotency.once(key, payload, () => {
        isOwn = true;
        return start(payload, run);
      });
      if (begun instanceof GuestpassError || isOwn) return begun;
      const ended = await within(begun, run, clock);
      if (ended instanceof GuestpassError || !endedForItsCaller(ended)) return ended;
    }
  };
}

async function within(attempt: Promise<Attempt>, run: Run, clock: Clock): Promise<Attempt | GuestpassError> {
  const { deadlineAt = Number.POSITIVE_INFINITY, signal } = run;
  const done = new AbortController();
  const either = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  const outOfTime = sleep(clock, Math.max(0, deadlineAt - clock.monotonic()), either).then(inProgress, givenUp);
  try {
    return await Promise.race([attempt, outOfTime]);
  } finally {
    done.abort();
  }
}

function inProgress(): GuestpassError {
  const detail = 'The attempt with this key is still under way, and this call has no more time.';
  return new GuestpassError('idempotency_in_progress', detail, { retryAfterMs: 1_000 });
}

function givenUp(): GuestpassError {
  return new GuestpassError('aborted', 'The caller stopped waiting for the attempt with this key.');
}

function endedForItsCaller(attempt: Attempt): boolean {
  if (attempt.outcome !== 'failed') return false;
  return attempt.error.code === 'aborted' || attempt.error.code === 'deadline_exceeded';
}
