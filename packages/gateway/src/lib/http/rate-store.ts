import type { Clock } from 'guestpass';
import { createRateSlots, type RateSlots } from './rate-slots.ts';

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
  /** Counts kept at most; more keys than fit are refused until some are over, so none is ever forgotten. Default 200,000. */
  readonly capacity?: number;
}

/**
 * Counts in this process, in slots of a twelfth of the window. What happened counts until its whole slot is a window
 * ago, so no window, wherever it begins, holds more than the limit. What is refused is not counted.
 */
export function createMemoryRates(options: MemoryRatesOptions): MemoryRates {
  const { clock, windowMs = 60_000, capacity = 200_000 } = options;
  const slots = createRateSlots({ now: () => clock.monotonic(), windowMs, capacity });

  const read = (rates: readonly Rate[]): readonly RateReading[] => {
    slots.turn();
    return rates.map((rate) => readingOf(rate, slots, { windowMs, room: rates.length }));
  };

  return {
    windowMs,
    read,
    async take(rates) {
      const readings = read(rates);
      if (!readings.every(({ allowed }) => allowed)) return readings;
      for (const { key } of rates) slots.add(key);
      return afterOneMore(readings);
    },
  };
}

/** What is left once what the readings allow has happened. */
export function afterOneMore(readings: readonly RateReading[]): readonly RateReading[] {
  return readings.map((reading) => ({ ...reading, remaining: reading.remaining - 1 }));
}

interface ReadingTerms {
  readonly windowMs: number;
  /** Keys for which there must be room. */
  readonly room: number;
}

/** What the counts of a key say of its rate. The slots have been turned to now. */
export function readingOf(rate: Rate, slots: RateSlots, terms: ReadingTerms): RateReading {
  const { key, limit } = rate;
  const remaining = Math.max(0, limit - slots.total(key));
  const isKept = remaining > 0 && slots.countIn(slots.current, key) > 0;
  const waitMs = remaining > 0 ? (isKept ? 0 : slots.roomIn(terms.room)) : waitOf(rate, slots, terms);
  if (waitMs > 0) return { rate, allowed: false, remaining: 0, waitMs: Math.ceil(waitMs) };
  return { rate, allowed: true, remaining, waitMs: 0 };
}

/** Milliseconds until so much is forgotten that one more is within the limit. */
function waitOf({ key, limit }: Rate, slots: RateSlots, { windowMs }: ReadingTerms): number {
  let left = slots.total(key);
  const last = slots.live().find((slot) => {
    left -= slots.countIn(slot, key);
    return left < limit;
  });
  return last === undefined ? windowMs : slots.endOf(last);
}
