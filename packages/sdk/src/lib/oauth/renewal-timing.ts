import { isGuestpassError } from '../errors.ts';

const longestMarginMs = 60_000;
const shortestHoldMs = 1_000;
const longestRenewalHoldMs = 30_000;
const longestRateHoldMs = 60_000;
const firstRejectionHoldMs = 30_000;
const longestRejectionHoldMs = 300_000;

/** Spans from the receipt of a token, in milliseconds. */
export interface TokenSpans {
  /** The token is served until then: 60 seconds, or for short lives a quarter of the life, before it expires. */
  readonly usableMs: number;
  /** From then on a renewal is due. Drawn at random, so that many processes do not renew in step. */
  readonly renewMs: number;
}

export function tokenSpans(lifetimeMs: number, random: () => number): TokenSpans {
  const usableMs = lifetimeMs - Math.min(longestMarginMs, lifetimeMs / 4);
  const share = 0.75 + 0.15 * random();
  // For lives of a few minutes that share of the life may lie behind the end of use.
  return { usableMs, renewMs: share * lifetimeMs < usableMs ? share * lifetimeMs : share * usableMs };
}

/** How long the old token is served after a failed renewal before the next try: 1 to 30 seconds. */
export function renewalHoldMs(random: () => number): number {
  return shortestHoldMs + random() * (longestRenewalHoldMs - shortestHoldMs);
}

/**
 * How long a failure stands, without a new request, for callers that have no token: 1 second; as long as the platform
 * asked for, up to a minute, when it limits us; 30 seconds, doubling up to 5 minutes, when it keeps rejecting the
 * credentials. `rejections` counts those in a row, this one included.
 */
export function failureHoldMs(error: unknown, rejections: number): number {
  if (!isGuestpassError(error)) return shortestHoldMs;
  if (error.code === 'credentials_rejected') {
    return Math.min(firstRejectionHoldMs * 2 ** (Math.max(1, rejections) - 1), longestRejectionHoldMs);
  }
  return Math.min(Math.max(shortestHoldMs, error.retryAfterMs ?? 0), longestRateHoldMs);
}
