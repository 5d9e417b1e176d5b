import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { PlatformHosts } from './environment.ts';
import { withBearer } from './http/authorize.ts';
import { withBreaker, withoutWait } from './http/breaker.ts';
import { type Bulkhead, withBulkhead, withoutOverflow } from './http/bulkhead.ts';
import { withDeadline } from './http/deadline.ts';
import type { Exchange } from './http/exchange.ts';
import { withObserver } from './http/observe.ts';
import { type SharedTurns, withPace } from './http/pace.ts';
import { withRetry } from './http/retry.ts';
import { withTrace } from './http/trace.ts';
import type { TraceTry } from './http/trace-context.ts';
import { type BreakerChange, type BreakerOptions, createUpstreamGuard } from './http/upstream-guard.ts';
import { isTokenRateLimit, requestClientCredentials } from './oauth/client-credentials.ts';
import { createClientTokens, type OAuthClient } from './oauth/client-tokens.ts';
import { createTokenProvider, type TokenProvider } from './oauth/token-provider.ts';

/** How often and how patiently a call is repeated. */
export interface RetryOptions {
  /** Repeats after the first try. Default 3. */
  readonly retries?: number | undefined;
  /** The first backoff is drawn from 0 to this, in milliseconds; each later one doubles it. Default 500. */
  readonly baseDelayMs?: number | undefined;
  /** No backoff of ours is longer, in milliseconds. `Retry-After` may be. Default 5,000. */
  readonly maxDelayMs?: number | undefined;
}

export interface PlatformOptions {
  readonly hosts: PlatformHosts;
  /** Who asks for tokens, as it stands now. */
  readonly client: () => OAuthClient;
  /** OAuth scope to ask for; an empty string asks for none. */
  readonly scope: string;
  readonly guestsPath: string;
  readonly retry: RetryOptions;
  /** A circuit breaker and a retry budget for each of the two upstreams. */
  readonly breaker: boolean | BreakerOptions;
  /** Bounds the calls for guests. Default none; calls for tokens are one at a time in any case. */
  readonly bulkhead?: Bulkhead | undefined;
  readonly requestsPerMinute: number;
  /** Turns shared with other processes. Default none. */
  readonly turns?: SharedTurns | undefined;
  /** True when the platform promises one guest for one idempotency key, so that a call may be repeated after an unknown outcome. */
  readonly idempotentByKey: boolean;
  /** The network. */
  readonly exchange: Exchange;
  /** Follows each try of calls that have no trace of their own. Default nobody does. */
  readonly trace?: TraceTry | undefined;
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** The platform as the rest of the pipeline sees it: an address, a way to call it, and its tokens. */
export interface Platform {
  readonly guestsUrl: string;
  /** Calls with bearer, retries, pace and deadline. */
  readonly guests: Exchange;
  readonly tokens: TokenProvider;
}

export function createPlatform(options: PlatformOptions): Platform {
  const { hosts, scope, guestsPath, clock, random, retry, requestsPerMinute } = options;
  const inTime = withDeadline(options.exchange, { clock });
  const timed = (operation: string) =>
    withTrace(withObserver(inTime, { operation, clock }), { operation, trace: options.trace });

  const tokenGuard = guardOf('token', options);
  const tokenCalls = withRetry(tokenGuard.each(timed('token')), {
    ...retry,
    budget: tokenGuard.budget,
    clock,
    random,
    idempotent: true,
    transient: isTokenRateLimit,
  });
  const tokenUrl = `${hosts.loginUrl}/oauth/token`;
  const tokens = createClientTokens({
    client: options.client,
    open: (client) =>
      createTokenProvider({
        request: (wait) => requestClientCredentials(tokenCalls, { tokenUrl, scope, ...client }, wait),
        clock,
        random,
      }),
  });

  const { each, early, budget } = guardOf('guest', options);
  const { inside, beforehand } = placesOf(options);
  const sent = inside(each(timed('guest')));
  const paced = early(beforehand(withPace(sent, { clock, requestsPerMinute, turns: options.turns })));
  const retried = (idempotent: boolean) => withRetry(paced, { ...retry, budget, clock, random, idempotent });
  const [careful, keyed] = [retried(false), retried(options.idempotentByKey)];
  // The promise is about a key: a call that has none gets one of its own, and is repeated under it.
  const guests: Exchange = (request) => {
    if (!options.idempotentByKey) return careful(request);
    const headers = { 'idempotency-key': randomUUID(), ...request.headers };
    return keyed({ ...request, headers });
  };
  return { guestsUrl: `${hosts.apiUrl}${guestsPath}`, guests: withBearer(guests, tokens, clock), tokens };
}

/** What keeps an upstream in trouble from our calls. */
function guardOf(operation: BreakerChange['operation'], { breaker, clock }: PlatformOptions) {
  const guard = createUpstreamGuard(operation, breaker);
  if (!guard) return unguarded;
  const options = { breaker: guard.breaker, clock };
  return {
    /** Right before each try. */
    each: (exchange: Exchange) => withBreaker(exchange, options),
    /** Before a wait for the turn of a try. */
    early: (exchange: Exchange) => withoutWait(exchange, options),
    budget: guard.budget,
  };
}

/** What keeps calls that wait for a slow upstream from piling up. Those that the breaker refuses take no place for long. */
function placesOf({ bulkhead }: PlatformOptions) {
  if (!bulkhead) return { inside: unchanged, beforehand: unchanged };
  return {
    inside: (exchange: Exchange) => withBulkhead(exchange, bulkhead),
    /** Before a wait for the turn of a try. */
    beforehand: (exchange: Exchange) => withoutOverflow(exchange, bulkhead),
  };
}

const unchanged = (exchange: Exchange) => exchange;
const unguarded = { each: unchanged, early: unchanged, budget: undefined };
