import type { ErrorEntry } from 'guestpass';
import { securityHeaders } from './headers.ts';
import { entryOf, type ProblemCode } from './problem-table.ts';
import type { Refusal } from './refusal.ts';

export interface ProblemsOptions {
  /**
   * Where the codes are explained, each under its own name as the fragment. Default `/docs/errors`, a reference
   * relative to the gateway.
   */
  readonly docsUrl?: string | undefined;
  /**
   * Whom the answers are for. `visitor` (the default) learns of our own and the platform's troubles only what the
   * table has for visitors; `operator` learns what happened.
   */
  readonly audience?: 'visitor' | 'operator';
}

/** The body of an error answer (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** An answer before it is given its form: status, headers and body. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Writes refusals as `application/problem+json`. */
export interface Problems {
  /** The answer in parts, for where there is no `Response`. */
  answer(refusal: Refusal, requestId: string): ProblemAnswer;
  /** The answer as a `Response`, security headers included. */
  reply(refusal: Refusal, requestId: string): Response;
}

export function createProblems({ docsUrl = '/docs/errors', audience = 'visitor' }: ProblemsOptions = {}): Problems {
  const answer = (refusal: Refusal, requestId: string): ProblemAnswer => {
    const { code, faults = [], attemptId } = refusal;
    const entry = entryOf(code);
    const retryAfterSeconds = secondsToWait(entry, refusal);
    const problem: Problem = {
      type: `${docsUrl}#${code}`,
      title: entry.meaning,
      status: entry.httpStatus ?? 500,
      detail: audience === 'operator' || isCallersMatter(code) ? whatAndNext(refusal) : entry.visitor,
      instance: attemptId === undefined ? `urn:guestpass:request:${requestId}` : `/v1/attempts/${attemptId}`,
      code,
      requestId,
      retryable: refusal.retryable ?? entry.retryable,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...(faults.length > 0 && { errors: faults.map(({ pointer, detail }) => ({ pointer, detail })) }),
    };
    return {
      status: problem.status,
      headers: {
        ...securityHeaders,
        'Content-Type': 'application/problem+json',
        'X-Request-Id': requestId,
        ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
        ...(endsConnection.has(code) && { Connection: 'close' }),
        ...refusal.headers,
      },
      body: JSON.stringify(problem),
    };
  };
  return {
    answer,
    reply(refusal, requestId) {
      const { status, headers, body } = answer(refusal, requestId);
      return new Response(body, { status, headers });
    },
  };
}

/** After these, what else comes on the connection is not looked at, or should come elsewhere. */
const endsConnection: ReadonlySet<ProblemCode> = new Set([
  'http_malformed',
  'headers_too_large',
  'request_timeout',
  'body_too_large',
  'overloaded',
  'shutting_down',
]);

const longestWaitSeconds = 3_600;

function secondsToWait({ usualWaitSeconds }: ErrorEntry, { retryAfterMs }: Refusal): number | undefined {
  if (retryAfterMs === undefined) return usualWaitSeconds;
  return Math.min(longestWaitSeconds, Math.max(1, Math.ceil(retryAfterMs / 1_000)));
}

/** True for what the caller did; the rest is our own or the platform's matter. */
function isCallersMatter(code: ProblemCode): boolean {
  return (entryOf(code).httpStatus ?? 500) < 500;
}

function whatAndNext({ code, detail, remedy }: Refusal): string {
  return `${detail} ${remedy ?? entryOf(code).remedy}`;
}
