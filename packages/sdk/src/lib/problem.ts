import { type ErrorCode, type ErrorEntry, errorTable } from './error-table.ts';
import type { Fault, GuestpassError } from './errors.ts';

/** The body of an error answer (RFC 9457), in the words of the gateway. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  /** Status of the answer; 500 for a code that is not meant for HTTP. */
  readonly status: number;
  readonly detail: string;
  /** The attempt that ended so, when the error tells it. */
  readonly instance?: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** Whole seconds from 1 to 3,600, also told as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly Fault[];
}

/** How a problem is told. */
export interface ProblemOptions {
  /** A page that explains each code under its own name as the fragment. Default none: `type` is a URN that ends in the code. */
  readonly docsUrl?: string | undefined;
  /**
   * Whom the answer is for. A `visitor` (the default) learns of your own and the platform's troubles only what the table
   * has for visitors; an `operator` learns what happened.
   */
  readonly audience?: 'visitor' | 'operator' | undefined;
}

/** What a service of yours answers for an error, for frameworks that take status and body apart. */
export function problemOf(error: GuestpassError, { docsUrl, audience = 'visitor' }: ProblemOptions = {}): Problem {
  const { code, message, retryable, retryAfterMs, attemptId, faults } = error;
  const entry: ErrorEntry = errorTable[code];
  const { meaning, httpStatus, visitor } = entry;
  const status = httpStatus ?? 500;
  const retryAfterSeconds = secondsToWait(entry, retryAfterMs);
  return {
    type: docsUrl === undefined ? `urn:guestpass:error:${code}` : `${docsUrl}#${code}`,
    title: meaning,
    status,
    detail: audience === 'operator' || status < 500 ? message : visitor,
    ...(attemptId !== undefined && { instance: `urn:guestpass:attempt:${attemptId}` }),
    code,
    retryable,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(faults.length > 0 && { errors: faults }),
  };
}

/**
 * The same as an answer of type `application/problem+json`, with `Retry-After` where the visitor may come again.
 *
 * @example
 * const attempt = await guestpass.attempt(await request.json());
 * return attempt.outcome === 'admitted' ? Response.json(attempt.guestPass) : problemResponse(attempt.error);
 */
export function problemResponse(error: GuestpassError, options?: ProblemOptions): Response {
  const problem = problemOf(error, options);
  const { status, retryAfterSeconds } = problem;
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    },
  });
}

const longestWaitSeconds = 3_600;

function secondsToWait({ usualWaitSeconds }: ErrorEntry, retryAfterMs: number | undefined): number | undefined {
  if (retryAfterMs === undefined) return usualWaitSeconds;
  return Math.min(longestWaitSeconds, Math.max(1, Math.ceil(retryAfterMs / 1_000)));
}
