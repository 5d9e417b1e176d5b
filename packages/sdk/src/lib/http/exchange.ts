import type { Clock } from '../clock.ts';
import type { Try } from '../errors.ts';
import type { TraceTry } from './trace-context.ts';

export type { Try } from '../errors.ts';

/** One HTTP request as a plain record. Header names are lower case; bodies are whole, so a repeat sends the same bytes. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Gives the request up; an answer that comes later is dropped. */
  readonly signal?: AbortSignal;
  /** Instant on the clock's monotonic axis after which nobody waits any more. Shared by all tries of one call. */
  readonly deadlineAt?: number;
  /** How often this request was sent before. */
  readonly resends?: number;
  /** The try before this one, when the request was sent before. */
  readonly previous?: Try | undefined;
  /** Follows each try. */
  readonly trace?: TraceTry;
}

/** One HTTP answer, read to its end. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated fields are joined with `, ` (RFC 9110 section 5.3). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Every try that led here, oldest first, when a wrapper repeated the request. */
  readonly tries?: readonly Try[];
  /** `maybe` when a try before this answer left open whether the request was carried out; the answer speaks for itself alone. */
  readonly sent?: Sent;
}

/**
 * Everything that speaks HTTP has this shape; behaviour is added by wrapping: Exchange in, Exchange out. Resolves
 * with any status. Rejects with an {@link ExchangeError} when no whole answer came.
 */
export interface Exchange {
  (request: HttpRequest): Promise<HttpResponse>;
  /** Set by an end that ends each request at its `deadlineAt` itself, which costs less than a wrapper; read by this clock. */
  readonly deadlineClock?: Clock;
}

/** Whether the platform may have seen a request that got no answer. */
export type Sent = 'no' | 'maybe';

/** What is known of a request without a whole answer. */
export interface ExchangeErrorDetails {
  readonly sent: Sent;
  /** True when trying again cannot help: a certificate that is not trusted, a scheme not spoken. */
  readonly permanent?: boolean;
  /** The status, when the head of an answer arrived and its body did not. */
  readonly status?: number;
  readonly tries?: readonly Try[];
  readonly cause?: unknown;
}

/** No whole answer came. `failure` is a stable lower-case name or the system's error code, such as `ECONNREFUSED`. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly failure: string;
  readonly sent: Sent;
  readonly permanent: boolean;
  readonly status: number | undefined;
  readonly tries: readonly Try[];

  constructor(failure: string, details: ExchangeErrorDetails) {
    super(`No answer: ${failure}.`, 'cause' in details ? { cause: details.cause } : undefined);
    this.failure = failure;
    this.sent = details.sent;
    this.permanent = details.permanent ?? false;
    this.status = details.status;
    this.tries = details.tries ?? [];
  }
}
