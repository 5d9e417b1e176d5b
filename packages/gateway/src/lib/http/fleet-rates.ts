import type { Clock } from 'guestpass';
import { createRateSlots, type RateSlots, slotSpan } from './rate-slots.ts';
import { afterOneMore, type Rate, type RateReading, type RateStore, readingOf } from './rate-store.ts';

/** What happened under one key in one slot of time. */
export interface SharedCount {
  readonly key: string;
  /** Milliseconds since the Unix epoch: where the slot begins. */
  readonly slotAt: number;
  readonly count: number;
}

/** Counts that a fleet has in common. */
export interface SharedCounts {
  /**
   * Adds to the counts, and resolves with what the fleet has counted since `sinceMs` under all their keys. Rejects when
   * the counts cannot be reached; then they may have been added or not.
   */
  add(counts: readonly SharedCount[], sinceMs: number): Promise<readonly SharedCount[]>;
}

export interface FleetRatesOptions {
  readonly clock: Clock;
  readonly shared: SharedCounts;
  /** Default 60,000. */
  readonly windowMs?: number;
  /** Counts kept in this process at most. Default 200,000. */
  readonly capacity?: number;
  /** How long a caller waits for the shared counts, in milliseconds, before this process counts alone. Default 250. */
  readonly patienceMs?: number;
  /** Told once each time the shared counts stop answering; they are asked again every second. Default: nobody is. */
  readonly onDegraded?: (error: unknown) => void;
}

/** Counts of a fleet; of this process alone while the others cannot be asked. */
export interface FleetRates extends RateStore, AsyncDisposable {}

/** How much of a limit one process may use before it tells the others: a thirtieth, and once at least. */
export function leaseOf(limit: number): number {
  return Math.max(1, Math.floor(limit / 30));
}

/**
 * Counts for a fleet, and asks the others only where it matters. Each process may use a lease of every limit before it
 * tells what it used and learns what the others did; so in any window the fleet allows no more than the limit and one
 * lease for each process, and most callers wait for nobody. Slots follow the clocks of the processes, which should
 * agree to within seconds; one that disagrees counts alone.
 */
export function createFleetRates(options: FleetRatesOptions): FleetRates {
  const { clock, windowMs = 60_000, capacity = 200_000, patienceMs = 250 } = options;
  // Steps of the wall clock move no count.
  const epochMs = clock.now() - clock.monotonic();
  const slotOptions = { now: () => epochMs + clock.monotonic(), windowMs, capacity };
  const [own, known] = [createRateSlots(slotOptions), createRateSlots(slotOptions)];
  const exchange = createExchange({ ...options, own, known, slotMs: slotSpan(windowMs) });

  const read = (rates: readonly Rate[]): readonly RateReading[] => {
    own.turn();
    known.turn();
    return rates.map((rate) => readingOf(rate, own, { windowMs, room: rates.length, more: known }));
  };

  return {
    windowMs,
    async take(rates) {
      for (let patient = true; ; ) {
        const readings = read(rates);
        if (!readings.every(({ allowed }) => allowed)) return readings;
        const used = rates.filter(({ key, limit }) => own.total(key) >= leaseOf(limit));
        if (used.length === 0 || exchange.isAlone || !patient) {
          for (const { key } of rates) own.add(own.current, key, 1);
          exchange.tellSoon(rates.filter(({ key, limit }) => own.total(key) >= Math.max(2, leaseOf(limit) / 2)));
          return afterOneMore(readings);
        }
        patient = await exchange.tell(used, patienceMs);
      }
    },
    [Symbol.asyncDispose]: () => exchange.end(),
  };
}

interface ExchangeOptions extends FleetRatesOptions {
  /** What this process counted and has not told. */
  readonly own: RateSlots;
  /** What the fleet counted, as far as it was told. */
  readonly known: RateSlots;
  readonly slotMs: number;
}

const soonMs = 50;
const againMs = 1_000;

/** Tells what was counted here and learns what was counted everywhere, for all who ask while it is at it. */
function createExchange({ clock, shared, own, known, slotMs, onDegraded = () => {} }: ExchangeOptions) {
  const wanted = new Set<string>();
  let underWay: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let isAlone = false;
  let ended = false;

  const countsOf = (key: string): SharedCount[] =>
    own.live().flatMap((slot) => {
      const count = own.countIn(slot, key);
      return count > 0 ? [{ key, slotAt: slot * slotMs, count }] : [];
    });

  const ask = async () => {
    const counts = [...wanted].flatMap(countsOf);
    wanted.clear();
    if (counts.length === 0) return;
    try {
      const [oldest = 0] = own.live();
      const told = await shared.add(counts, oldest * slotMs);
      for (const { key, slotAt, count } of counts) own.add(slotAt / slotMs, key, -count);
      for (const { key, slotAt, count } of told) known.set(slotAt / slotMs, key, count);
      isAlone = false;
    } catch (error) {
      for (const { key } of counts) wanted.add(key);
      beAlone(error);
    }
  };

  const beAlone = (error: unknown) => {
    if (!isAlone) onDegraded(error);
    isAlone = true;
  };

  /** One at a time; what is wanted meanwhile goes with the next. */
  const start = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    underWay ??= ask().finally(() => {
      underWay = undefined;
      if (wanted.size > 0) plan(isAlone ? againMs : soonMs);
    });
    return underWay;
  };

  const plan = (delayMs: number) => {
    if (ended || underWay !== undefined) return;
    cancel ??= clock.after(delayMs, () => void start());
  };

  const want = (rates: readonly Rate[]) => {
    for (const { key } of rates) wanted.add(key);
  };

  return {
    get isAlone() {
      return isAlone;
    },
    /** Tells of these when there is time. */
    tellSoon(rates: readonly Rate[]) {
      want(rates);
      if (wanted.size > 0) plan(isAlone ? againMs : soonMs);
    },
    /** Tells of these now. Resolves with false when that takes too long. */
    async tell(rates: readonly Rate[], patienceMs: number): Promise<boolean> {
      want(rates);
      const told = (underWay ?? Promise.resolve()).then(() => start());
      const inTime = await within(told, patienceMs, clock);
      if (!inTime) beAlone(new Error('The shared counts did not answer in time.'));
      return inTime;
    },
    async end() {
      ended = true;
      cancel?.();
      await underWay;
    },
  };
}

/** Resolves with whether the promise settled within the span. */
async function within(promise: Promise<void>, spanMs: number, clock: Clock): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const cancel = clock.after(spanMs, () => late.resolve(false));
  try {
    return await Promise.race([promise.then(() => true), late.promise]);
  } finally {
    cancel();
  }
}
