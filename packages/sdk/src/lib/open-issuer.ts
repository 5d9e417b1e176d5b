import type { Clock } from './clock.ts';
import { messagingUrlOf, type PlatformHosts, resolveEnvironment } from './environment.ts';
import { withBreaker, withoutWait } from './http/breaker.ts';
import { type Bulkhead, withBulkhead } from './http/bulkhead.ts';
import { withDeadline } from './http/deadline.ts';
import type { Exchange, HttpRequest } from './http/exchange.ts';
import { withObserver } from './http/observe.ts';
import type { SharedTurns } from './http/pace.ts';
import { withTrace } from './http/trace.ts';
import type { TraceTry } from './http/trace-context.ts';
import { type BreakerOptions, createUpstreamGuard, type UpstreamGuard } from './http/upstream-guard.ts';
import { authenticatedWebMessagingIssuer } from './issuer/authenticated-web-messaging.ts';
import type { Issuer, IssuerName } from './issuer/issuer.ts';
import { restIssuer } from './issuer/rest.ts';
import { webMessagingIssuer } from './issuer/web-messaging.ts';
import type { WebMessagingOptions } from './issuer/web-messaging-guest.ts';
import type { Transport } from './messaging/transport.ts';
import { wsTransport } from './messaging/ws.ts';
import type { OAuthClient } from './oauth/client-tokens.ts';
import { createPlatform, type RetryOptions } from './platform.ts';
import { createSignInClient } from './sign-in/sign-in-client.ts';

/** Which platform guests are let into, by which way, and how patiently. */
export interface IssuerOptions {
  /**
   * Where the platform is: a URL or host name, used as it is, or a Genesys region (`usw2`, `us-west-2`,
   * `mypurecloud.ie`). There is no default, and the simulator is never chosen silently.
   */
  readonly environment: string | PlatformHosts;
  /**
   * How a guest is made. `rest`, the default: the tutorial's contract, one POST with an OAuth token; it is in no
   * published Genesys API. `web-messaging`: the published protocol, one WebSocket session; it needs no OAuth client, and
   * sends no attributes. `authenticated-web-messaging`: the same for guests who signed in at the site's own OpenID
   * provider; each payload holds `signIn`.
   */
  readonly issuer?: IssuerName | undefined;
  /** OAuth client that may create guests. Needed by the `rest` issuer alone. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /**
   * That client as it stands when a token is needed, in place of `clientId` and `clientSecret`: a secret may be changed
   * while guests are let in. A token that was issued to the client of before is used for no further call. Asked for each
   * call, so it answers from memory. Default: the client stays the same.
   */
  readonly client?: (() => OAuthClient) | undefined;
  /** OAuth scope. Default `webmessaging:guest:create openid`, and none for a Genesys region, whose roles decide. */
  readonly scope?: string | undefined;
  /** Path guests are posted to. Default the tutorial's, which is not part of the published Genesys Cloud API. */
  readonly guestsPath?: string | undefined;
  /** Repeats of calls that surely created nothing. Never repeats a call whose outcome is unknown. */
  readonly retry?: RetryOptions | undefined;
  /**
   * True, or who is told, for a circuit breaker over the calls for guests, or over the sessions that the issuers of web
   * messaging ask for, and one over the calls for tokens: a platform that keeps failing is asked no more for 5 to 60
   * seconds, and attempts fail at once as `platform_unavailable`. A retry budget then bounds the repeats of all attempts
   * together. Exchanges of sign-ins have the same. Default false: each attempt finds out by itself.
   */
  readonly breaker?: boolean | BreakerOptions | undefined;
  /**
   * Bounds how many calls for guests, exchanges of sign-ins, and sessions of web messaging that are being asked for are
   * under way at once and how many more wait; what comes on top of them fails at once as `overloaded`, with nothing sent.
   * Clients of one platform may share one. Read by the clock of the client. Default none: any number waits, each until
   * its deadline.
   */
  readonly bulkhead?: Bulkhead | undefined;
  /** Calls the `rest` issuer sends in a minute. Default 300, what Genesys grants a token; `Infinity` sends at will. */
  readonly requestsPerMinute?: number | undefined;
  /** Turns of those calls that are shared with other processes of the same OAuth client. Default each keeps its own pace. */
  readonly turns?: SharedTurns | undefined;
  /** True when the platform creates one guest for one `Idempotency-Key`; then a call is asked once more after an unknown outcome, under the key of its caller or one of its own. Default false. */
  readonly idempotentByKey?: boolean | undefined;
  /** `Origin` that both issuers of web messaging send; deployments may list those allowed. Default that of the socket's host. */
  readonly origin?: string | undefined;
  /** Opens the sockets of both issuers of web messaging. Default those of Node; a proxy is not used. */
  readonly transport?: Transport | undefined;
  /**
   * Follows each try of the calls to the platform, which then carries the `traceparent` it is given; a session of web
   * messaging carries it on the upgrade. Default nobody does. Called in the turn of the call that needs the try; a token
   * that is renewed early has none.
   */
  readonly trace?: TraceTry | undefined;
  /** Draws backoffs; 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** What Genesys grants a token. */
export const defaultRequestsPerMinute = 300;

/** The path of the tutorial. */
export const tutorialGuestsPath = '/api/v2/conversations/webmessaging/guests';

/** The scope of the tutorial. */
export const tutorialScope = 'webmessaging:guest:create openid';

export interface OpenIssuer {
  readonly issuer: Issuer;
  /** When the access token at hand ends, in milliseconds since the Unix epoch; `null` when none is held or needed. */
  tokenExpiresAt(): number | null;
  /** Gives up what runs in the background. */
  close(): Promise<void>;
}

interface Means {
  readonly exchange: Exchange;
  readonly clock: Clock;
}

/** Makes the issuer that the options name, ready to be asked. */
export function openIssuer(options: IssuerOptions, means: Means): OpenIssuer {
  const { environment } = options;
  const hosts = typeof environment === 'object' && environment !== null ? environment : resolveEnvironment(environment);
  switch (options.issuer) {
    case 'web-messaging':
      return withoutToken(webMessagingIssuer(socketsOf(options, hosts, means)));
    case 'authenticated-web-messaging':
      return withoutToken(openAuthenticated(options, hosts, means));
    default:
      return openRest(options, hosts, means);
  }
}

function openRest(options: IssuerOptions, hosts: PlatformHosts, { exchange, clock }: Means): OpenIssuer {
  const { clientId = '', clientSecret = '', client = () => fixed, random = Math.random } = options;
  const fixed = { clientId, clientSecret };
  const { guestsUrl, guests, tokens } = createPlatform({
    hosts,
    client,
    scope: options.scope ?? (hosts.kind === 'genesys' ? '' : tutorialScope),
    guestsPath: options.guestsPath ?? tutorialGuestsPath,
    retry: options.retry ?? {},
    breaker: options.breaker ?? false,
    bulkhead: options.bulkhead,
    requestsPerMinute: options.requestsPerMinute ?? defaultRequestsPerMinute,
    turns: options.turns,
    idempotentByKey: options.idempotentByKey ?? false,
    exchange,
    trace: options.trace,
    clock,
    random,
  });
  const issuer = restIssuer({ guestsUrl, exchange: guests, tokens, now: clock.now });
  return {
    issuer,
    tokenExpiresAt() {
      const at = tokens.expiresAt();
      return at === null ? null : clock.now() + (at - clock.monotonic());
    },
    close: () => tokens.close(),
  };
}

function withoutToken(issuer: Issuer): OpenIssuer {
  return { issuer, tokenExpiresAt: () => null, close: async () => {} };
}

function openAuthenticated(options: IssuerOptions, hosts: PlatformHosts, means: Means): Issuer {
  const { clock } = means;
  const sockets = socketsOf(options, hosts, means);
  const guard = createUpstreamGuard('sign-in', options.breaker ?? false);
  const signIns = createSignInClient({
    apiUrl: hosts.apiUrl,
    exchange: signInExchange(options, guard, means),
    clock,
    random: sockets.random,
    budget: guard?.budget,
    headers: { origin: sockets.origin },
    ...(options.retry && { retry: options.retry }),
  });
  return authenticatedWebMessagingIssuer({ ...sockets, signIns });
}

/** The network for sign-ins, in the order that calls for guests have: a call that is held back takes no place. */
function signInExchange(
  { trace, bulkhead }: IssuerOptions,
  guard: UpstreamGuard | undefined,
  { exchange, clock }: Means,
): Exchange {
  const operation = 'sign-in';
  const inTime = withDeadline(exchange, { clock });
  const timed = withTrace(withObserver(inTime, { operation, clock }), { operation, trace });
  const breaker = guard && { breaker: guard.breaker, clock };
  const each = breaker ? withBreaker(timed, breaker) : timed;
  const inside = bulkhead ? withBulkhead(each, bulkhead) : each;
  const early: Exchange = breaker ? withoutWait(inside, breaker) : inside;
  // The deadline is kept further in, where the breaker sees it pass.
  return Object.assign((request: HttpRequest) => early(request), { deadlineClock: clock });
}

function socketsOf(options: IssuerOptions, hosts: PlatformHosts, { clock }: Means): WebMessagingOptions {
  const { transport = wsTransport(), random = Math.random, retry, trace, bulkhead, breaker = false } = options;
  const url = messagingUrlOf(hosts);
  const origin = options.origin ?? new URL(url).origin.replace(/^ws/, 'http');
  const guard = createUpstreamGuard('guest', breaker);
  return { url, transport, origin, clock, random, trace, bulkhead, guard, ...retry };
}
