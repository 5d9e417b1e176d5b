import { type ErrorCode, type ErrorEntry, errorTable } from './error-table.ts';

/** One fault in one place of the input. */
export interface Fault {
  /** RFC 6901 JSON pointer into the input; the empty string is the whole of it. */
  readonly pointer: string;
  /** One sentence: what is wrong there. Never repeats the value. */
  readonly detail: string;
}

/** One try of a request: what came back, or why nothing did. */
export interface Try {
  /** The status, when the platform answered. */
  readonly status?: number;
  /** The failure's code, when it did not. */
  readonly failure?: string;
  readonly durationMs: number;
  /** How long was waited before the next try. */
  readonly waitedMs?: number;
}

/** What else is known of an error. */
export interface GuestpassErrorDetails {
  /** Every fault found, when the input was at fault. */
  readonly faults?: readonly Fault[] | undefined;
  /** How long to wait before trying again, in milliseconds, when the platform said so. */
  readonly retryAfterMs?: number | undefined;
  /** The platform's HTTP status, when it answered. */
  readonly status?: number | undefined;
  /** The platform's id for the failed request; quote it in a support case. */
  readonly correlationId?: string | undefined;
  /** Every try that led here, oldest first. Default those that the cause tells of. */
  readonly tries?: readonly Try[] | undefined;
  /** The attempt that ended with this error. */
  readonly attemptId?: string | undefined;
  /** Overrides what the table says of the code. */
  readonly retryable?: boolean | undefined;
  /** Overrides the table's advice. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error family. `code` is stable and safe to switch on; `message` says what happened, why, and what to do
 * next, and never holds a secret, a token or a captcha answer.
 */
export class GuestpassError extends Error {
  override readonly name = 'GuestpassError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** What happened and why. */
  readonly detail: string;
  /** What to do next. */
  readonly remedy: string;
  readonly faults: readonly Fault[];
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly correlationId: string | undefined;
  /** Every try of the request that failed, oldest first; empty when nothing was asked. */
  readonly tries: readonly Try[];
  readonly attemptId: string | undefined;

  constructor(code: ErrorCode, detail: string, details: GuestpassErrorDetails = {}) {
    const entry: ErrorEntry = errorTable[code];
    const remedy = details.remedy ?? entry.remedy;
    super(`${detail} ${remedy}`, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.retryable = details.retryable ?? entry.retryable;
    this.detail = detail;
    this.remedy = remedy;
    this.faults = details.faults ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.status = details.status;
    this.correlationId = details.correlationId;
    this.tries = details.tries ?? triesOf(details.cause);
    this.attemptId = details.attemptId;
  }

  /** Words fit for the visitor. */
  get visitorMessage(): string {
    return errorTable[this.code].visitor;
  }

  /** The fields that may be logged or sent; the cause and the stack stay behind. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.faults.length > 0 && { errors: this.faults }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.status !== undefined && { status: this.status }),
      ...(this.correlationId !== undefined && { correlationId: this.correlationId }),
      ...(this.tries.length > 0 && { tries: this.tries }),
      ...(this.attemptId !== undefined && { attemptId: this.attemptId }),
    };
  }
}

/** Whoever asks the platform keeps its tries on what was thrown. */
function triesOf(cause: unknown): readonly Try[] {
  const told = cause instanceof Error && 'tries' in cause && Array.isArray(cause.tries);
  // Errors of ours alone have a list of that name, and it holds tries.
  return told ? (cause.tries as readonly Try[]) : [];
}

/** True for a {@link GuestpassError} of this or any other copy of the package. */
export function isGuestpassError(value: unknown): value is GuestpassError {
  return (
    value instanceof GuestpassError ||
    (value instanceof Error && value.name === 'GuestpassError' && 'code' in value && String(value.code) in errorTable)
  );
}

/** The faults as part of a sentence, so that a message alone tells what to mend. */
export function listFaults(faults: readonly Fault[]): string {
  return faults.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join('; ');
}
