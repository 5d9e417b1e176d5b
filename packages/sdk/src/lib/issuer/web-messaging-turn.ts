import { type GuestpassError, isGuestpassError } from '../errors.ts';
import { refusedNow, type Signs, throughBreaker } from '../http/breaker.ts';
import type { Bulkhead } from '../http/bulkhead.ts';
import { ExchangeError } from '../http/exchange.ts';
import type { UpstreamGuard } from '../http/upstream-guard.ts';
import type { WantedSession } from './web-messaging-session.ts';
import { type Asking, type SessionTry, type SessionTryOptions, tryForSession } from './web-messaging-try.ts';

/** Where sessions are asked for, and what keeps many of them from harm there and here. */
export interface SessionTurnOptions extends SessionTryOptions {
  /** Leaves a platform that keeps failing alone, and bounds the repeats of all guests together. Default none. */
  readonly guard?: UpstreamGuard | undefined;
  /** Bounds how many sessions are asked for at once, from the upgrade to the answer. Default none. */
  readonly bulkhead?: Bulkhead | undefined;
}

/** No socket was opened: the platform is left alone, or there was no place; or the caller gave the wait for one up. */
export interface NoTurn {
  readonly noTurn: GuestpassError | 'aborted';
}

/**
 * Asks for a session once, from a place of the bulkhead and as far as the breaker lets it go. Each try takes a place of its
 * own, and gives it back however it ends.
 */
export async function tryInTurn(
  options: SessionTurnOptions,
  wanted: WantedSession,
  asking: Asking,
): Promise<SessionTry | NoTurn> {
  const { guard, bulkhead, clock } = options;
  const breaker = guard && { breaker: guard.breaker, clock };
  // Who would be held back at the end of the line waits for no place, and takes none.
  const early = breaker && refusedNow(breaker);
  if (early) return { noTurn: early };
  const attempt = () => tryForSession(options, wanted, asking);
  const guarded = breaker ? () => throughBreaker(attempt, breaker, signs) : attempt;
  try {
    return await (bulkhead ? fromPlace(guarded, bulkhead, asking) : guarded());
  } catch (error) {
    if (isGuestpassError(error)) return { noTurn: error };
    if (error instanceof ExchangeError) return { noTurn: 'aborted' };
    throw error;
  }
}

/** A malfunction of our own says nothing of the platform. */
const signs: Signs<SessionTry> = { ofAnswer: ({ sign }) => sign, ofError: () => 'nothing' };

async function fromPlace(send: () => Promise<SessionTry>, bulkhead: Bulkhead, { call }: Asking): Promise<SessionTry> {
  if (!bulkhead.enter()) await bulkhead.wait(call);
  try {
    return await send();
  } finally {
    bulkhead.leave();
  }
}
