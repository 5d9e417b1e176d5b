import type { Clock } from 'guestpass';
import { createRateGrants, type Grant, leaseOf } from './rate-grants.ts';
import { createRateRounds } from './rate-rounds.ts';
import { createRateSlots, slotSpan } from './rate-slots.ts';
import { afterOneMore, type Rate, type RateReading, type RateStore, readingOf } from './rate-store.ts';
import type { SharedCounts } from './shared-uses.ts';

export interface FleetRatesOptions {
  readonly clock: Clock;
  readonly shared: SharedCounts;
  /** As the shared counts have it. Default 60,000. */
  readonly windowMs?: number;
  /** Counts kept in this process at most. Default 200,000. */
  readonly capacity?: number;
  /** How long a caller waits for the shared counts, in milliseconds, before this process counts alone. Default 1,000. */
  readonly patienceMs?: number;
  /** Rest between two questions, in milliseconds, so that under load many callers share one. Default 10. */
  readonly pauseMs?: number;
  /** Told once each time the shared counts stop answering; they are asked again every second. Default: nobody is. */
  readonly onDegraded?: (error: unknown) => void;
}

/** Counts of a fleet; of this process alone while the others cannot be asked. */
export interface FleetRates extends RateStore, AsyncDisposable {}

/**
 * Counts for a fleet. Nothing happens that the fleet did not grant, so in any window it allows no more than the limit,
 * however many processes there are. Callers who wait share one question; of larger limits some uses are granted ahead,
 * so that most callers wait for nobody.
 */
export function createFleetRates(options: FleetRatesOptions): FleetRates {
  const { clock, windowMs = 60_000, capacity = 200_000, patienceMs = 1_000, pauseMs = 10 } = options;
  const slotMs = slotSpan(windowMs);
  const now = () => clock.monotonic();
  /** What happened here, for the time when nobody else can be asked. */
  const own = createRateSlots({ now, windowMs, capacity });
  const grants = createRateGrants({ now, slotMs });
  const rounds = createRateRounds({ ...options, grants, own, slotMs, pauseMs });

  const read = (rate: Rate, room: number): RateReading => {
    const standing = grants.current(rate.key);
    if (standing && standing.units + standing.left === 0) return refused(rate, standing.freeAt - now());
    if (rounds.isAlone) return readingOf(rate, own, { windowMs, room });
    const isKnown = standing !== undefined || own.countIn(own.current, rate.key) > 0;
    const waitMs = isKnown ? 0 : grants.size + room > capacity ? slotMs : own.roomIn(room);
    if (waitMs > 0) return refused(rate, waitMs);
    return { rate, allowed: true, remaining: standing ? standing.units + standing.left : rate.limit, waitMs: 0 };
  };

  const use = (rates: readonly Rate[]) => {
    for (const { key } of rates) own.add(key);
    const low = rates.filter(({ key, limit }) => (grants.current(key)?.units ?? 0) < leaseOf(limit) / 2);
    if (!rounds.isAlone) rounds.refill(low);
  };

  return {
    windowMs,
    async take(rates) {
      const hand = new Map<string, Grant>();
      for (const patientUntil = now() + patienceMs; ; ) {
        own.turn();
        const readings = rates.map((rate) => {
          // Counted as remaining until it is used.
          const { units = 0, left = 0 } = grants.current(rate.key) ?? {};
          if (hand.has(rate.key)) return { rate, allowed: true, remaining: units + left + 1, waitMs: 0 };
          return read(rate, rates.length);
        });
        if (!readings.every(({ allowed }) => allowed)) {
          rounds.putBack([...hand.values()]);
          return readings;
        }
        const lacking = rates.filter((rate) => {
          const grant = hand.get(rate.key) ?? grants.take(rate);
          if (grant) hand.set(rate.key, grant);
          return grant === undefined;
        });
        if (lacking.length === 0 || rounds.isAlone) {
          rounds.owe(lacking);
          use(rates);
          return afterOneMore(readings);
        }
        await rounds.ask(lacking, patientUntil);
      }
    },
    [Symbol.asyncDispose]: () => rounds.end(),
  };
}

function refused(rate: Rate, waitMs: number): RateReading {
  return { rate, allowed: false, remaining: 0, waitMs: Math.ceil(Math.max(1, waitMs)) };
}
