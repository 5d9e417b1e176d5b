import type { HttpResponse } from './exchange.ts';

export interface ScheduleOptions {
  /** Above 0. */
  readonly requestsPerMinute: number;
  /** At least 1. */
  readonly burst: number;
}

/**
 * Decides when the next request may go: a token bucket kept as one number, the instant at which the bucket would be
 * full again (the generic cell rate algorithm of ITU-T I.371). All instants are of one monotonic clock.
 */
export interface Schedule {
  /** How long a request that comes now has to wait, in milliseconds. */
  waitAt(now: number): number;
  /** Takes the turn that {@link Schedule.waitAt} named. */
  reserve(now: number): void;
  /** Follows the platform's rate headers and a 429. Values that make no sense are ignored. */
  learn(response: HttpResponse, now: number): void;
}

export function createSchedule({ requestsPerMinute, burst }: ScheduleOptions): Schedule {
  let intervalMs = minuteMs / requestsPerMinute;
  let toleranceMs = (burst - 1) * intervalMs;
  let fullAt = Number.NEGATIVE_INFINITY;
  let knownAllowed = requestsPerMinute;
  /** What the platform says is left before its window ends. */
  let left = 0;
  let windowEndsAt = Number.NEGATIVE_INFINITY;

  const startAt = (now: number): number => {
    const start = Math.max(now, fullAt - toleranceMs);
    return start < windowEndsAt && left <= 0 ? windowEndsAt : start;
  };

  /** Whatever the platform says, the next request may go a minute from now. */
  const latest = (now: number) => now + toleranceMs + minuteMs;

  /** Turns already given count as many after the change as before. */
  const changeRate = (allowed: number, now: number) => {
    const before = intervalMs;
    intervalMs = minuteMs / allowed;
    toleranceMs = (Math.min(burst, allowed) - 1) * intervalMs;
    if (fullAt > now) fullAt = Math.min(now + ((fullAt - now) * intervalMs) / before, latest(now));
  };

  const shrinkWindow = ({ remaining, resetMs }: Window, now: number) => {
    const running = now < windowEndsAt;
    left = running ? Math.min(left, remaining) : remaining;
    windowEndsAt = running ? Math.min(windowEndsAt, now + resetMs) : now + resetMs;
  };

  return {
    waitAt: (now) => startAt(now) - now,
    reserve(now) {
      const start = startAt(now);
      if (start < windowEndsAt) left -= 1;
      fullAt = Math.max(fullAt, start) + intervalMs;
    },
    learn({ status, headers }, now) {
      const told = readRate(headers);
      if (told && told.allowed !== knownAllowed) {
        changeRate(told.allowed, now);
        knownAllowed = told.allowed;
      }
      if (told?.window) shrinkWindow(told.window, now);
      if (status === 429) fullAt = Math.max(fullAt, Math.min(now + toleranceMs + intervalMs, latest(now)));
    },
  };
}

const minuteMs = 60_000;
/** The windows are minutes; a platform's rounding may add to one, a much longer one is nonsense. */
const longestResetSeconds = 120;

interface Rate {
  readonly allowed: number;
  readonly window?: Window;
}

/** What is left until the platform starts to count anew. */
interface Window {
  readonly remaining: number;
  readonly resetMs: number;
}

function readRate(headers: HttpResponse['headers']): Rate | undefined {
  const allowed = wholeNumber(headers['inin-ratelimit-allowed']);
  if (allowed === undefined || allowed === 0) return undefined;
  const count = wholeNumber(headers['inin-ratelimit-count']);
  const reset = wholeNumber(headers['inin-ratelimit-reset']);
  if (count === undefined || reset === undefined || reset > longestResetSeconds) return { allowed };
  return { allowed, window: { remaining: Math.max(0, allowed - count), resetMs: Math.min(reset * 1000, minuteMs) } };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,7}$/.test(text) ? Number(text) : undefined;
}
