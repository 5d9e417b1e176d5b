import { type Fault, isGuestpassError } from 'guestpass';
import type { ProblemCode } from './problem-table.ts';

/** Why a request does not get what it asked for. A value; what it looks like over HTTP is told elsewhere. */
export interface Refusal {
  readonly code: ProblemCode;
  /** One sentence: what happened and why. Never repeats the input. */
  readonly detail: string;
  /** Every fault found, when the input was at fault. */
  readonly faults?: readonly Fault[];
  /** How long to wait before trying again, in milliseconds, when that is known. */
  readonly retryAfterMs?: number;
  /** Overrides what the table says of the code. */
  readonly retryable?: boolean;
  /** Overrides the table's advice. */
  readonly remedy?: string;
  /** The attempt this is about. */
  readonly attemptId?: string;
  /** Further headers of the answer, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What to answer for an error. What is no {@link GuestpassError} is a fault of our own, of which nothing is told. */
export function refusalOf(error: unknown): Refusal {
  // A configuration that turns out unusable while serving is nothing the caller could mend.
  if (!isGuestpassError(error) || error.code === 'config_invalid') {
    return { code: 'internal_error', detail: 'The request could not be completed.' };
  }
  const { code, detail, faults, retryAfterMs, retryable, remedy, attemptId } = error;
  return {
    code,
    detail,
    faults,
    retryable,
    remedy,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(attemptId !== undefined && { attemptId }),
  };
}
