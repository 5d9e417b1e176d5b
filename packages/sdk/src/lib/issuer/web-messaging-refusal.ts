import type { ErrorCode } from '../error-table.ts';
import type { GuestpassErrorDetails } from '../errors.ts';
import { correlationIdOf } from '../http/correlation-id.ts';
import type { Try } from '../http/exchange.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { isPassing, isTooMany, meaningOf } from '../messaging/platform-code.ts';
import type { TransportError } from '../messaging/transport.ts';
import type { NoSession } from './web-messaging-session.ts';

/** Why a try let nobody in, and whether another may. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly details: GuestpassErrorDetails;
  /** True when the same may succeed in a moment. No session that broke off does harm. */
  readonly repeatable: boolean;
  /** How the try ended, for its record. */
  readonly ended: Pick<Try, 'status' | 'failure'>;
  readonly correlationId: string | null;
}

/** Tells from the end of a try what the attempt ends with, unless it is repeated. */
export function refusalOf(answer: NoSession, nowMs: number): Refusal {
  if ('opening' in answer) return ofOpening(answer.opening, nowMs);
  if ('refused' in answer) return { ...ofFrame(answer), correlationId: answer.correlationId };
  const { failure, correlationId } = answer;
  return { ...ofFailure(failure), details: {}, ended: { failure }, correlationId };
}

function ofFailure(failure: BrokenOff['failure']): Pick<Refusal, 'code' | 'detail' | 'repeatable'> {
  switch (failure) {
    case 'deadline': {
      const detail = 'The deadline passed before the session was configured.';
      return { code: 'deadline_exceeded', detail, repeatable: false };
    }
    case 'aborted': {
      const detail = 'The caller gave the attempt up before the session was configured.';
      return { code: 'aborted', detail, repeatable: false };
    }
    default: {
      const detail = 'The platform closed the connection before it answered.';
      return { code: 'platform_unavailable', detail, repeatable: true };
    }
  }
}

type BrokenOff = Extract<NoSession, { readonly failure: unknown }>;

/** A refused upgrade has these reasons, and the platform does not say which. */
const upgradeReasons =
  'Check three things: the deployment id is right and belongs to this environment; the Origin is one of the allowed domains of the deployment; the deployment is active, its configuration published, and web messaging switched on.';

function ofOpening(error: TransportError, nowMs: number): Refusal {
  const { status, failure, permanent, headers } = error;
  const correlationId = correlationIdOf(headers) ?? null;
  if (status === undefined) {
    const detail = `The platform could not be reached (${failure}).`;
    const details = { cause: error, ...(permanent && { retryable: false }) };
    const ended = { failure };
    return { code: 'platform_unavailable', detail, details, repeatable: !permanent, ended, correlationId };
  }
  return { ...ofStatus(status, retryAfterOf(headers, nowMs)), ended: { status }, correlationId };
}

type Verdict = Pick<Refusal, 'code' | 'detail' | 'details' | 'repeatable'>;

function ofStatus(status: number, retryAfterMs: number | null): Verdict {
  const detail = `The platform answered ${status} where a WebSocket was asked for.`;
  const final = { detail, details: { status }, repeatable: false };
  if (status === 429) return { ...tooMany(retryAfterMs, status), detail };
  if (isPassing(status)) return { ...final, code: 'platform_unavailable', repeatable: true };
  switch (status) {
    case 401:
    case 403:
      return { ...final, code: 'forbidden', details: { status, remedy: upgradeReasons } };
    case 404:
      return {
        ...final,
        code: 'endpoint_not_found',
        details: { status, remedy: 'Check the environment: nothing at this address speaks web messaging.' },
      };
    default:
      return { ...final, code: status >= 400 ? 'request_rejected' : 'platform_response_invalid' };
  }
}

function retryAfterOf({ 'retry-after': value, date }: TransportError['headers'], nowMs: number): number | null {
  return parseRetryAfter(value, { nowMs, ...(date !== undefined && { dateHeader: date }) }) ?? null;
}

type RefusedSession = Extract<NoSession, { readonly refused: unknown }>;

function ofFrame({ refused: frame, signedIn }: RefusedSession): Omit<Refusal, 'correlationId'> {
  switch (frame.kind) {
    case 'too-many':
      return { ...tooMany(frame.retryAfterMs, 429), ended: { status: 429 } };
    case 'error':
      return { ...ofCode(frame.code, signedIn), ended: endedBy(frame.code) };
    case 'session':
      return {
        code: 'platform_response_invalid',
        detail: 'The platform answered with a session that is not connected.',
        details: {},
        repeatable: false,
        ended: { status: 200 },
      };
    default: {
      const detail = 'The platform ended the session before it was configured.';
      const ended = { failure: 'session_ended' };
      return { code: 'platform_unavailable', detail, details: {}, repeatable: true, ended };
    }
  }
}

/** The protocol has codes of its own beside those of HTTP. */
function endedBy(code: number): Refusal['ended'] {
  return code < 600 ? { status: code } : { failure: `code_${code}` };
}

function ofCode(code: number, signedIn: boolean): Verdict {
  const detail = `The platform refused the session: ${meaningOf(code)}.`;
  const details = code < 600 ? { status: code } : {};
  if (isTooMany(code)) return tooMany(null, 429);
  if (isPassing(code)) return { code: 'platform_unavailable', detail, details, repeatable: true };
  if (code === 401 && signedIn) return { code: 'sign_in_rejected', detail, details, repeatable: false };
  if (code === 401 || code === 403 || code === 4000) {
    return { code: 'forbidden', detail, details: { ...details, remedy: upgradeReasons }, repeatable: false };
  }
  return { code: 'request_rejected', detail, details, repeatable: false };
}

const longestRetryAfterMs = 3_600_000;

function tooMany(retryAfterMs: number | null, status: number): Verdict {
  const detail = 'The platform answered that there are too many requests until the retries or the time were spent.';
  const waitMs = Math.min(retryAfterMs ?? 3000, longestRetryAfterMs);
  return { code: 'rate_limited', detail, details: { status, retryAfterMs: waitMs }, repeatable: true };
}
