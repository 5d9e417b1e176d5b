import type { ErrorCode } from '../error-table.ts';
import { GuestpassError, type GuestpassErrorDetails } from '../errors.ts';
import { correlationIdOf } from '../http/correlation-id.ts';
import type { HttpResponse, Try } from '../http/exchange.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { readJsonObject } from './json-object.ts';

/** The cause of an error that an answer of the token endpoint led to. Holds none of the answer's words. */
class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  readonly status: number;
  /** Every try that led to the answer, oldest first. */
  readonly tries: readonly Try[];

  constructor({ status, tries = [] }: HttpResponse) {
    super(`The token endpoint answered ${status}.`);
    this.status = status;
    this.tries = tries;
  }
}

interface Judgement extends Pick<GuestpassErrorDetails, 'retryAfterMs' | 'remedy'> {
  readonly code: ErrorCode;
  /** Continues "The token endpoint at (host) …". */
  readonly detail: string;
}

const checkHost = 'Check the environment name and the token host, and what stands between here and there.';

/** The error for an answer that limits token requests, once the retries are spent. */
export function tokenRateLimited(answer: HttpResponse, host: string): GuestpassError {
  const { date } = answer.headers;
  // Dates count from the answer's own clock; without one only a number of seconds is understood.
  const nowMs = Date.parse(date ?? '');
  const waitMs = parseRetryAfter(answer.headers['retry-after'], { nowMs, ...(date && { dateHeader: date }) });
  const known = waitMs !== undefined && Number.isFinite(waitMs);
  return tokenError(answer, host, {
    code: 'rate_limited',
    detail: 'keeps limiting our token requests',
    ...(known && { retryAfterMs: Math.min(waitMs, longestWaitMs) }),
  });
}

/** As for the platform's own calls: whatever an answer asks for, nobody is told to wait longer. */
const longestWaitMs = 3_600_000;

/** The error for an answer that is neither a token nor a rate limit. */
export function tokenRefused(answer: HttpResponse, host: string): GuestpassError {
  return tokenError(answer, host, judge(answer));
}

/** The error for a `200` that holds no usable bearer token. `detail` continues "The token endpoint at (host) …". */
export function tokenUnusable(answer: HttpResponse, host: string, detail: string): GuestpassError {
  return tokenError(answer, host, { code: 'platform_response_invalid', detail, remedy: checkHost });
}

function tokenError(answer: HttpResponse, host: string, { code, detail, ...advice }: Judgement): GuestpassError {
  const { status } = answer;
  const name = errorName(answer);
  const correlationId = correlationIdOf(answer.headers);
  const what = `The token endpoint at ${host} ${detail} (${status}${name ? `, ${name}` : ''}).`;
  return new GuestpassError(code, what, {
    status,
    ...(correlationId && { correlationId }),
    ...advice,
    cause: new TokenRefusal(answer),
  });
}

function judge(answer: HttpResponse): Judgement {
  const { status } = answer;
  if (status >= 500) return { code: 'platform_unavailable', detail: 'is out of service' };
  if (status === 408 || status === 425) return { code: 'platform_unavailable', detail: 'did not take the request' };
  if (status < 400) return unexpected('answered with something other than a token');
  return judgeName(status, errorName(answer)) ?? judgeStatus(status);
}

/** By the error codes of RFC 6749 section 5.2. */
function judgeName(status: number, name: string): Judgement | undefined {
  switch (name) {
    case 'invalid_client':
      // Genesys Cloud answers 400 for an unknown client and 401 for a wrong secret; others answer 401 for both.
      return rejected(
        status === 400 ? 'does not know the client id' : 'refused the client: the secret is wrong for this client id',
      );
    case 'unauthorized_client':
      return rejected('does not allow this client the client credentials grant');
    case 'unsupported_grant_type':
      return rejected('does not offer the client credentials grant');
    case 'invalid_scope':
      return rejected('does not grant this client the scope asked for');
    default:
      return undefined;
  }
}

function judgeStatus(status: number): Judgement {
  switch (status) {
    case 401:
      return rejected('refused the client');
    case 403:
      return {
        code: 'forbidden',
        detail: 'forbids the request',
        remedy: `Ask whether this network may use it. ${checkHost}`,
      };
    case 404:
      return unexpected('was not found there; the host may be wrong');
    default:
      return unexpected('did not accept the request');
  }
}

const rejected = (detail: string): Judgement => ({ code: 'credentials_rejected', detail });
const unexpected = (detail: string): Judgement => ({ code: 'platform_response_invalid', detail, remedy: checkHost });

/** The answer's OAuth error code when it is a known one, else empty: an unknown word might echo what was sent. */
function errorName(answer: HttpResponse): string {
  const name = readJsonObject(answer)?.error;
  return typeof name === 'string' && knownNames.has(name) ? name : '';
}

const knownNames = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
]);
