import { type Clock, longestTimerMs, sleep } from '../clock.ts';
import { isGuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse, type Sent, type Try } from './exchange.ts';
import { notify } from './notify.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { RetryBudget } from './retry-budget.ts';
import { errorWithTries, type Result, triesOf } from './tries.ts';

/** What is repeated, how often and how patiently. */
export interface RetryOptions {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive); draws the jitter. */
  readonly random: () => number;
  /** Repeats after the first try. Default 3. */
  readonly retries?: number | undefined;
  /** The first backoff is drawn from 0 to this, in milliseconds; each later one doubles it. Default 500. */
  readonly baseDelayMs?: number | undefined;
  /** No backoff of ours is longer, in milliseconds. `Retry-After` may be. Default 5,000. */
  readonly maxDelayMs?: number | undefined;
  /** True when two calls do what one does. Decides whether an answer that leaves the outcome open may be repeated. */
  readonly idempotent: boolean;
  /** Answers of this operation that did nothing and may be repeated, beside those known by their status. Default none. */
  readonly transient?: ((response: HttpResponse) => boolean) | undefined;
  /** Pays for the repeats of all who share it. Default each call has its own `retries` alone. */
  readonly budget?: RetryBudget | undefined;
  /** Told before each wait. It may throw; it cannot change anything. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** One repeat about to happen. */
export interface Retry {
  /** 1 for the first repeat. */
  readonly repeat: number;
  readonly waitMs: number;
  /** How the try before ended. */
  readonly ended: Try;
}

/** What a result allows: `once` is for an outcome left open, which even an idempotent call repeats only one time. */
export type Repeatable = 'never' | 'once' | 'always';

/**
 * Repeats what is safe to repeat: requests proven not sent, 408, 425, 429 and 503, and what `transient` names; an
 * idempotent operation also after 502, 504 and, once, after a broken exchange. Waits for exponential backoff with full
 * jitter, and never shorter than `Retry-After` asks. A wait that does not fit before the request's deadline is not
 * begun: the last answer is returned, or the last error thrown, at once. Both carry every try, and `sent: 'maybe'` when
 * one of them may have been carried out.
 *
 * @throws ExchangeError `aborted` as soon as the request's signal aborts a wait.
 */
export function withRetry(exchange: Exchange, options: RetryOptions): Exchange {
  const { clock, budget } = options;
  return async (request) => {
    let history: History | undefined;
    for (;;) {
      const startedAt = clock.monotonic();
      let result: Result;
      try {
        result = await exchange(history ? again(request, history) : request);
        if (budget && result.status < 300) budget.earn();
        if (history === undefined && repeatable(result, options) === 'never') return result;
      } catch (error) {
        // A repeat that we refused ourselves changes nothing: the result before it stands.
        if (history && isGuestpassError(error)) return finish(history);
        if (!(error instanceof ExchangeError)) throw error;
        result = error;
      }
      history = remember(history, result, clock.monotonic() - startedAt);
      const waitMs = waitBeforeRepeat(history, { request, options });
      if (waitMs === undefined) return finish(history);
      await pause(waitMs, history, { request, options });
    }
  };
}

function again(request: HttpRequest, { results, tries }: History): HttpRequest {
  return { ...request, resends: (request.resends ?? 0) + results, previous: tries.at(-1) };
}

/** Whether this result alone allows a repeat. */
export function repeatable(
  result: Result,
  { idempotent, transient }: Pick<RetryOptions, 'idempotent' | 'transient'>,
): Repeatable {
  if (result instanceof ExchangeError) {
    if (result.permanent || result.failure === 'deadline' || result.failure === 'aborted') return 'never';
    if (result.sent === 'no') return 'always';
    return idempotent ? 'once' : 'never';
  }
  const { status } = result;
  if (status < 300) return 'never';
  if (turnedAway.has(status)) return 'always';
  if (gaveUp.has(status)) return idempotent ? 'always' : 'never';
  return transient?.(result) ? 'always' : 'never';
}

/** Answers to a request that was not worked on. */
const turnedAway = new Set([408, 425, 429, 503]);
/** Answers of something on the way that does not know what became of the request. */
const gaveUp = new Set([502, 504]);

/** What is known after a try that may not have been the first. */
interface History {
  readonly last: Result;
  readonly results: number;
  /** Results that left the outcome open without an answer. */
  readonly broken: number;
  /** What all tries together may have done. */
  readonly sent: Sent;
  readonly tries: Try[];
}

function remember(before: History | undefined, result: Result, durationMs: number): History {
  const failed = result instanceof ExchangeError;
  const open = failed ? result.sent === 'maybe' : gaveUp.has(result.status);
  const { results, broken, sent, tries } = before ?? noHistory;
  return {
    last: result,
    results: results + 1,
    broken: broken + (failed && open ? 1 : 0),
    sent: open ? 'maybe' : sent,
    tries: [...tries, ...triesOf(result, durationMs)],
  };
}

const noHistory: Omit<History, 'last'> = { results: 0, broken: 0, sent: 'no', tries: [] };

interface Setting {
  readonly request: HttpRequest;
  readonly options: RetryOptions;
}

/** How long to wait before the repeat, or `undefined` when there is none. */
function waitBeforeRepeat({ last, results, broken }: History, { request, options }: Setting): number | undefined {
  const { clock, random, retries = 3, baseDelayMs = 500, maxDelayMs = 5000, budget } = options;
  const allowed = repeatable(last, options);
  if (allowed === 'never' || (allowed === 'once' && broken > 1) || results > retries) return undefined;
  const backoffMs = random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (results - 1));
  const waitMs = Math.max(backoffMs, askedDelay(last, clock.now()));
  const fits = waitMs <= longestWait(request.deadlineAt, clock.monotonic());
  return fits && (budget?.take() ?? true) ? waitMs : undefined;
}

/** Read only on answers that turned the request away; elsewhere `Retry-After` means something else. */
function askedDelay(result: Result, nowMs: number): number {
  if (result instanceof ExchangeError || gaveUp.has(result.status)) return 0;
  const { 'retry-after': value, date } = result.headers;
  return parseRetryAfter(value, { nowMs, ...(date !== undefined && { dateHeader: date }) }) ?? 0;
}

/** Time the repeat itself needs before the deadline. */
const reserveMs = 200;
const longestWaitWithoutDeadlineMs = 180_000;

function longestWait(deadlineAt: number | undefined, now: number): number {
  if (deadlineAt === undefined) return longestWaitWithoutDeadlineMs;
  return Math.min(deadlineAt - now - reserveMs, longestTimerMs);
}

async function pause(waitMs: number, history: History, { request, options }: Setting): Promise<void> {
  const ended = history.tries.at(-1);
  if (ended) {
    history.tries[history.tries.length - 1] = { ...ended, waitedMs: waitMs };
    notify(options.onRetry, { repeat: history.results, waitMs, ended });
  }
  try {
    await sleep(options.clock, waitMs, request.signal);
  } catch (cause) {
    throw new ExchangeError('aborted', { sent: history.sent, tries: history.tries, cause });
  }
}

function finish({ last, tries, sent }: History): HttpResponse {
  if (last instanceof ExchangeError) throw errorWithTries(last, tries, sent);
  return { ...last, tries, ...(sent === 'maybe' && { sent }) };
}
