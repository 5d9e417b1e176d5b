import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import type { Breaker, Sign } from './breaker-state.ts';
import { type Exchange, ExchangeError, type HttpResponse } from './exchange.ts';

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
export function withBreaker(exchange: Exchange, options: BreakerWrapperOptions): Exchange {
  return (request) => throughBreaker(() => exchange(request), options, signsOfExchange);
}

/** What the end of a call says of its upstream. */
export interface Signs<T> {
  readonly ofAnswer: (answer: T) => Sign;
  readonly ofError: (error: unknown, durationMs: number) => Sign;
}

/**
 * Makes one call as far as the breaker lets it go; {@link withBreaker} is for those of an exchange.
 *
 * @throws GuestpassError `platform_unavailable` at once, with `retryAfterMs`, for a call that is held back: it was not
 * made.
 */
export async function throughBreaker<T>(
  call: () => Promise<T>,
  { breaker, clock }: BreakerWrapperOptions,
  { ofAnswer, ofError }: Signs<T>,
): Promise<T> {
  const startedAt = clock.monotonic();
  const pass = breaker.enter(startedAt);
  if (pass === 'none') throw heldBack(breaker.waitAt(startedAt));
  let sign: Sign = 'nothing';
  try {
    const answer = await call();
    sign = ofAnswer(answer);
    return answer;
  } catch (error) {
    sign = ofError(error, clock.monotonic() - startedAt);
    throw error;
  } finally {
    breaker.ended(pass, sign, clock.monotonic());
  }
}

/**
 * Refuses what {@link withBreaker} further in would refuse, before anything is waited for on the way there. Takes no
 * probe's place.
 */
export function withoutWait(exchange: Exchange, options: BreakerWrapperOptions): Exchange {
  return (request) => {
    const early = refusedNow(options);
    return early ? Promise.reject(early) : exchange(request);
  };
}

/** The error of a call that would be held back if it were made now. Takes no probe's place. */
export function refusedNow({ breaker, clock }: BreakerWrapperOptions): GuestpassError | undefined {
  if (breaker.state === 'closed') return undefined;
  const waitMs = breaker.waitAt(clock.monotonic());
  return waitMs > 0 ? heldBack(waitMs) : undefined;
}

const signsOfExchange: Signs<HttpResponse> = {
  ofAnswer: ({ status }) => signOfStatus(status),
  ofError: signOfError,
};

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

/** A caller with less time than that, in milliseconds, says nothing of the upstream. */
export const patienceMs = 1_000;

function heldBack(waitMs: number): GuestpassError {
  return new GuestpassError('platform_unavailable', 'The platform kept failing and is left alone; nothing was sent.', {
    retryAfterMs: Math.max(1, Math.ceil(waitMs)),
  });
}
