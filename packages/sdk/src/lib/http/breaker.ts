import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import type { Breaker, Sign } from './breaker-state.ts';
import { type Exchange, ExchangeError } from './exchange.ts';

/** Which breaker stands before an exchange. */
export interface BreakerWrapperOptions {
  /** Of this upstream alone; shared by everything that calls it. */
  readonly breaker: Breaker;
  readonly clock: Clock;
}

/**
 * Asks an upstream that keeps failing no more until it had time to recover. Counted as failures are answers from 500 on,
 * exchanges that broke, connections that did not come about, and deadlines that passed after a second or more; 4xx, 401
 * and 429 among them, are none, and neither is what the caller gave up.
 *
 * @throws GuestpassError `platform_unavailable` at once, with `retryAfterMs`, for a call that is held back: it was not
 * sent.
 */
export function withBreaker(exchange: Exchange, { breaker, clock }: BreakerWrapperOptions): Exchange {
  return async (request) => {
    const startedAt = clock.monotonic();
    const pass = breaker.enter(startedAt);
    if (pass === 'none') throw heldBack(breaker.waitAt(startedAt));
    let sign: Sign = 'nothing';
    try {
      const response = await exchange(request);
      sign = signOfStatus(response.status);
      return response;
    } catch (error) {
      sign = signOfError(error, clock.monotonic() - startedAt);
      throw error;
    } finally {
      breaker.ended(pass, sign, clock.monotonic());
    }
  };
}

/**
 * Refuses what {@link withBreaker} further in would refuse, before anything is waited for on the way there. Takes no
 * probe's place.
 */
export function withoutWait(exchange: Exchange, { breaker, clock }: BreakerWrapperOptions): Exchange {
  return (request) => {
    if (breaker.state === 'closed') return exchange(request);
    const waitMs = breaker.waitAt(clock.monotonic());
    return waitMs > 0 ? Promise.reject(heldBack(waitMs)) : exchange(request);
  };
}

function signOfStatus(status: number): Sign {
  if (status >= 500) return 'failure';
  return status < 300 ? 'success' : 'reached';
}

function signOfError(error: unknown, durationMs: number): Sign {
  if (!(error instanceof ExchangeError)) return 'nothing';
  const { failure, sent, permanent, status } = error;
  if (failure === 'aborted') return 'nothing';
  if (status !== undefined) return status >= 500 ? 'failure' : 'reached';
  if (failure === 'deadline') return durationMs >= patienceMs ? 'failure' : 'nothing';
  // What waiting cannot help, such as a certificate, would only be hidden.
  if (permanent) return 'nothing';
  return sent === 'no' ? 'unconnected' : 'failure';
}

/** A caller with less time than that says nothing of the upstream. */
const patienceMs = 1_000;

function heldBack(waitMs: number): GuestpassError {
  return new GuestpassError('platform_unavailable', 'The platform kept failing and is left alone; nothing was sent.', {
    retryAfterMs: Math.max(1, Math.ceil(waitMs)),
  });
}
