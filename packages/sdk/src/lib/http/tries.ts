import { ExchangeError, type HttpResponse, type Sent, type Try } from './exchange.ts';

/** How one try ended. */
export type Result = HttpResponse | ExchangeError;

/** The tries a result already tells of, or else the one try that led to it. */
export function triesOf(result: Result, durationMs: number): readonly Try[] {
  if (result.tries && result.tries.length > 0) return result.tries;
  if (!(result instanceof ExchangeError)) return [{ status: result.status, durationMs }];
  const { failure, status } = result;
  return [{ failure, durationMs, ...(status !== undefined && { status }) }];
}

/** The same error with an account of its tries; `sent` is what all of them together may have done. */
export function errorWithTries(error: ExchangeError, tries: readonly Try[], sent: Sent = error.sent): ExchangeError {
  const { failure, permanent, status } = error;
  const told = new ExchangeError(failure, {
    sent,
    permanent,
    tries,
    ...(status !== undefined && { status }),
    ...('cause' in error && { cause: error.cause }),
  });
  if (error.stack !== undefined) told.stack = error.stack;
  return told;
}
