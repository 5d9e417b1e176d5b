import type { Clock } from '../clock.ts';
import type { SignIn } from '../contract/sign-in.ts';
import { withDeadline } from '../http/deadline.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { withRetry } from '../http/retry.ts';
import type { RetryBudget } from '../http/retry-budget.ts';
import type { TraceTry } from '../http/trace-context.ts';
import { type Granted, readGranted } from './granted.ts';
import { noAnswerTo, refusalOf, type SignInStep } from './sign-in-refusal.ts';

export interface SignInClientOptions {
  /** Base URL of the API, such as `https://api.usw2.pure.cloud`. */
  readonly apiUrl: string;
  /** The network. */
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** Draws backoffs; 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Pays for the repeats of all who share it. Default each call has its own `retries` alone. */
  readonly budget?: RetryBudget | undefined;
  /** Headers of every request, lower-case names, such as `origin`. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How patiently calls are repeated. Default three repeats, with backoffs of at most 5 seconds. */
  readonly retry?:
    | {
        readonly retries?: number | undefined;
        readonly baseDelayMs?: number | undefined;
        readonly maxDelayMs?: number | undefined;
      }
    | undefined;
}

/** How long a caller waits, and who follows. */
export interface SignInWait {
  readonly signal?: AbortSignal;
  /** Instant on the clock's monotonic axis. Default none. */
  readonly deadlineAt?: number;
  /** Follows each try. Default nobody does. */
  readonly trace?: TraceTry;
}

/**
 * How a guest who signed in at the site's own OpenID provider becomes known to the platform: `token/…` of the Web
 * Deployments API. All three reject with a `GuestpassError`: `sign_in_rejected`, `forbidden`, `request_rejected`,
 * `endpoint_not_found`, `rate_limited`, `platform_unavailable`, `platform_response_invalid`, `deadline_exceeded` or
 * `aborted`. Nothing is kept between calls.
 */
export interface SignInClient {
  /**
   * Gives the platform what the provider gave, for a JWT. A code is good once, so a request with one that may have
   * arrived is not repeated; then the guest has to sign in again.
   */
  exchange(deploymentId: string, signIn: SignIn, wait?: SignInWait): Promise<Granted>;
  /** Gets another JWT by a refresh token, which stays good. */
  refresh(deploymentId: string, refreshToken: string, wait?: SignInWait): Promise<Granted>;
  /**
   * Signs the guest out on all connections. `sign_in_rejected` means that the JWT is not good any more: refresh it, and
   * revoke the new one.
   */
  revoke(jwt: string, wait?: SignInWait): Promise<void>;
}

export function createSignInClient(options: SignInClientOptions): SignInClient {
  const { apiUrl, clock } = options;
  const timed = withDeadline(options.exchange, { clock });
  const retried = (idempotent: boolean) => withRetry(timed, { ...options.retry, ...options, idempotent });
  const [careful, patient] = [retried(false), retried(true)];
  const base = `${apiUrl}/api/v2/webdeployments/token`;
  const headers = { ...options.headers, accept: 'application/json' };

  const post = (path: string, body: object) => ({
    method: 'POST',
    url: `${base}${path}`,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  const ask = async (exchange: Exchange, request: HttpRequest, step: SignInStep): Promise<HttpResponse> => {
    let answer: HttpResponse;
    try {
      answer = await exchange(request);
    } catch (error) {
      throw error instanceof ExchangeError ? noAnswerTo(step, error) : error;
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusalOf(step, answer, clock.now());
  };

  return {
    async exchange(deploymentId, signIn, wait) {
      const request = { ...post('/oauthcodegrantjwtexchange', { deploymentId, oauth: signIn }), ...waiting(wait) };
      const goodOnce = signIn.code !== undefined;
      const answer = await ask(goodOnce ? careful : patient, request, { name: 'exchange', deploymentId, goodOnce });
      return readGranted(answer, clock.now());
    },
    async refresh(deploymentId, refreshToken, wait) {
      const request = { ...post('/refresh', { refreshToken, deploymentId }), ...waiting(wait) };
      const answer = await ask(patient, request, { name: 'refresh', deploymentId, goodOnce: false });
      const granted = readGranted(answer, clock.now());
      // As a rule the token stays the same, and the platform does not repeat it.
      const signedIn = { ...granted.signedIn, refreshToken: granted.signedIn.refreshToken ?? refreshToken };
      return { ...granted, signedIn };
    },
    async revoke(jwt, wait) {
      const authorized = { ...headers, authorization: `bearer ${jwt}` };
      const request = { method: 'DELETE', url: `${base}/revoke`, headers: authorized, ...waiting(wait) };
      await ask(patient, request, { name: 'revoke', deploymentId: null, goodOnce: false });
    },
  };
}

function waiting({ signal, deadlineAt, trace }: SignInWait = {}): Pick<HttpRequest, keyof SignInWait> {
  return { ...(signal && { signal }), ...(deadlineAt !== undefined && { deadlineAt }), ...(trace && { trace }) };
}
