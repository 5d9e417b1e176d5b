import type { ErrorCode } from '../error-table.ts';
import { GuestpassError, type GuestpassErrorDetails } from '../errors.ts';
import { correlationIdOf } from '../http/correlation-id.ts';
import type { ExchangeError, HttpResponse, Try } from '../http/exchange.ts';
import { readPlatformRefusal, waitOfTooMany } from '../http/platform-refusal.ts';
import { readAnswer } from './answer.ts';

/** What was asked for. */
export interface SignInStep {
  readonly name: 'exchange' | 'refresh' | 'revoke';
  /** `null` where the request names none. */
  readonly deploymentId: string | null;
  /** True when what was sent is good once, so that nobody knows whether it still is when no word comes back. */
  readonly goodOnce: boolean;
}

/** The cause of an error that an answer led to. Holds none of the answer's words. */
class SignInRefusal extends Error {
  override readonly name = 'SignInRefusal';
  readonly status: number;
  /** Every try that led to the answer, oldest first. */
  readonly tries: readonly Try[];

  constructor({ status, tries = [{ status, durationMs: 0 }] }: HttpResponse) {
    super(`The platform answered ${status}.`);
    this.status = status;
    this.tries = tries;
  }
}

type Judgement = readonly [code: ErrorCode, detail: string, details?: GuestpassErrorDetails];

/** How a step is called in the middle of a sentence. */
const asked = {
  exchange: 'the exchange of the sign-in',
  refresh: 'the refresh of the sign-in',
  revoke: 'the revocation of the sign-in',
} as const;

/** The error for an answer that grants nothing, once the retries are spent. */
export function refusalOf(step: SignInStep, answer: HttpResponse, nowMs: number): GuestpassError {
  const { status } = answer;
  if (status === 429) {
    const detail = `The platform answered 429 to ${asked[step.name]} until the retries or the time were spent.`;
    return errorFor(answer, ['rate_limited', detail, { retryAfterMs: waitOfTooMany(answer, nowMs) }]);
  }
  return errorFor(
    answer,
    status >= 500 || passing.has(status) ? outOfService(step, status) : clientError(step, answer),
  );
}

/** Nothing was worked on, and the same may succeed in a moment. */
const passing = new Set([408, 425]);

function outOfService(step: SignInStep, status: number): Judgement {
  const detail = `The platform answered ${status} to ${asked[step.name]}.`;
  const turnedAway = status === 503 || passing.has(status);
  return ['platform_unavailable', detail, turnedAway ? {} : inDoubt(step, status !== 500)];
}

function clientError({ name, deploymentId }: SignInStep, answer: HttpResponse): Judgement {
  const { status } = answer;
  const body = readAnswer(answer);
  const { named, faults } = readPlatformRefusal(body, (field) => pointers.get(field));
  switch (status) {
    case 401:
      return ['sign_in_rejected', `The platform did not accept ${asked[name]}${named}.`];
    case 403:
      return ['forbidden', `The platform answered 403 to ${asked[name]}${named}.`, { remedy: usualReasons }];
    case 404:
      if (body === undefined || deploymentId === null)
        return ['endpoint_not_found', nothingThere, { remedy: checkPlace }];
      return ['request_rejected', `The platform does not know the deployment ${deploymentId}.`, { remedy: checkPlace }];
    default:
      if (status >= 400)
        return ['request_rejected', `The platform answered ${status} to ${asked[name]}${named}.`, { faults }];
      return ['platform_response_invalid', `The platform answered ${asked[name]} with a redirect (${status}).`];
  }
}

/** Where the fields of the request come from in a guest payload. */
const pointers = new Map([
  ['deploymentId', '/channelId'],
  ['oauth', '/signIn'],
  ...['code', 'idToken', 'redirectUri', 'codeVerifier', 'nonce', 'iss'].map(
    (field) => [`oauth.${field}`, `/signIn/${field}`] as const,
  ),
]);

const nothingThere = 'The platform answered 404 where guests sign in.';
const checkPlace = 'Check the deployment id and the environment: each deployment belongs to one.';
const usualReasons =
  'Check three things: the deployment is active and its configuration published with authentication switched on; the integration with the OpenID provider is active; the Origin is one of the allowed domains of the deployment.';

/** The error for an answer that says yes and brings no usable JWT. */
export function unusableAnswer(answer: HttpResponse): GuestpassError {
  const detail = `The platform answered ${answer.status} to a sign-in without a valid JWT.`;
  return errorFor(answer, ['platform_response_invalid', detail, { remedy: lookBetween }]);
}

const lookBetween = 'Check what stands between here and the platform; then let the guest sign in again.';

/** The error for a request that got no whole answer. */
export function noAnswerTo(step: SignInStep, error: ExchangeError): GuestpassError {
  const { failure, sent, permanent, status } = error;
  const doubt = sent === 'maybe' ? inDoubt(step) : {};
  const details = { ...doubt, cause: error, ...(status !== undefined && { status }) };
  const what = asked[step.name];
  switch (failure) {
    case 'deadline':
      return new GuestpassError('deadline_exceeded', `The deadline passed before ${what} was answered.`, details);
    case 'aborted':
      return new GuestpassError('aborted', `The caller gave up before ${what} was answered.`, details);
    case 'body_too_large':
      return new GuestpassError('platform_response_invalid', `The answer to ${what} is far too large.`, {
        ...details,
        remedy: lookBetween,
      });
    default: {
      const told = permanent ? { ...details, retryable: false } : details;
      return new GuestpassError('platform_unavailable', `No answer came to ${what} (${failure}).`, told);
    }
  }
}

/** What to do when the request may have been worked on. */
function inDoubt({ goodOnce }: SignInStep, retryable = true): GuestpassErrorDetails {
  if (!goodOnce) return retryable ? {} : { retryable };
  return { retryable: false, remedy: 'Let the guest sign in again: the code may have been used up.' };
}

function errorFor(answer: HttpResponse, [code, detail, details]: Judgement): GuestpassError {
  const correlationId = correlationIdOf(answer.headers);
  return new GuestpassError(code, detail, {
    status: answer.status,
    ...(correlationId !== undefined && { correlationId }),
    ...details,
    cause: new SignInRefusal(answer),
  });
}
