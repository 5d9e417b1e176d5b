import type { Clock } from 'guestpass';

/** How often something may happen in one window of the store. */
export interface Rate {
  readonly key: string;
  readonly limit: number;
}

export interface RateReading {
  readonly rate: Rate;
  readonly allowed: boolean;
  /** How often it may still happen now. */
  readonly remaining: number;
  /** Milliseconds until it may happen again; 0 when it may now. */
  readonly waitMs: number;
}

/** Counts what happens. One for each process, or one for a fleet. */
export interface RateStore {
  /** Span over which rates are counted. */
  readonly windowMs: number;
  /** Counts one happening under every rate, or under none when one of them does not allow it. Read in the same order. */
  take(rates: readonly Rate[]): Promise<readonly RateReading[]>;
}

/** Counts of this process, which can also be looked at. */
export interface MemoryRates extends RateStore {
  /** What `take` would say of each rate by itself; counts nothing. */
  read(rates: readonly Rate[]): readonly RateReading[];
}

export interface MemoryRatesOptions {
  readonly clock: Clock;
  /** Default 60,000. */
  readonly windowMs?: number;
  /** Keys counted in one window at most; more than these are refused until the next, so none is ever forgotten. Default 100,000. */
  readonly capacity?: number;
}

/** What a window held, and where in it we are. */
interface Count {
  readonly before: number;
  readonly now: number;
  /** How much of the current window has passed, 0 to 1. */
  readonly passed: number;
}

/**
 * Counts in this process. Two windows are kept; the one before counts for the share of it that is not yet a window ago,
 * so that no burst at a boundary exceeds the limit. What is refused is not counted.
 */
export function createMemoryRates(options: MemoryRatesOptions): MemoryRates {
  const { clock, windowMs = 60_000, capacity = 100_000 } = options;
  let index = 0;
  let before = new Map<string, number>();
  let now = new Map<string, number>();

  const turnTo = (wanted: number) => {
    if (wanted === index) return;
    before = wanted === index + 1 ? now : new Map();
    now = new Map();
    index = wanted;
  };

  const read = (rates: readonly Rate[]): readonly RateReading[] => {
    const instant = clock.monotonic() / windowMs;
    turnTo(Math.floor(instant));
    const passed = instant - index;
    return rates.map((rate) => {
      const count = { before: before.get(rate.key) ?? 0, now: now.get(rate.key) ?? 0, passed };
      const hasRoom = now.has(rate.key) || now.size + rates.length <= capacity;
      return hasRoom ? readingOf(rate, count, windowMs) : full(rate, (1 - passed) * windowMs);
    });
  };

  return {
    windowMs,
    read,
    async take(rates) {
      const readings = read(rates);
      if (!readings.every(({ allowed }) => allowed)) return readings;
      for (const { key } of rates) now.set(key, (now.get(key) ?? 0) + 1);
      return readings.map((reading) => ({ ...reading, remaining: reading.remaining - 1 }));
    },
  };
}

function readingOf(rate: Rate, count: Count, windowMs: number): RateReading {
  const used = count.before * (1 - count.passed) + count.now;
  const remaining = Math.max(0, Math.floor(rate.limit - used));
  if (remaining > 0) return { rate, allowed: true, remaining, waitMs: 0 };
  return { rate, allowed: false, remaining: 0, waitMs: Math.ceil(windowsToWait(rate.limit, count) * windowMs) };
}

/** In windows, from now until one more is within the limit. */
function windowsToWait(limit: number, { before, now, passed }: Count): number {
  const room = limit - 1;
  if (room < 0) return 1;
  if (now <= room) return 1 - (room - now) / before - passed;
  return 1 - passed + (1 - room / now);
}

function full(rate: Rate, waitMs: number): RateReading {
  return { rate, allowed: false, remaining: 0, waitMs: Math.ceil(waitMs) };
}
