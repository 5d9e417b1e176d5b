import type { Rate } from './rate-store.ts';
import type { BackUses, SharedUses } from './shared-uses.ts';

/** One use that the fleet granted; it is counted already. */
export interface Grant {
  readonly rate: Rate;
  readonly slot: number;
}

/** Uses that the fleet was asked for; it counts them already. */
export interface Asked {
  readonly rate: Rate;
  readonly count: number;
  /** Instant of the monotonic clock. */
  readonly sentAt: number;
}

/** What the fleet said of a key; it holds until the slot is over. */
export interface Standing {
  readonly rate: Rate;
  readonly slot: number;
  /** Instant of the monotonic clock, like all of these. */
  readonly until: number;
  /** Granted to this process and not used. */
  readonly units: number;
  /** What nobody was granted yet. */
  readonly left: number;
  /** When there is room again, if nothing is given back before. */
  readonly freeAt: number;
}

/** How many uses of a limit one process may be granted ahead: those of a second, and none of a small limit. */
export function leaseOf(limit: number): number {
  const uses = Math.min(500, Math.floor(limit / 60));
  return uses > 1 ? uses : 0;
}

export interface RateGrantsOptions {
  /** Milliseconds; never goes back. */
  readonly now: () => number;
  /** How long a slot of the fleet is, in milliseconds. */
  readonly slotMs: number;
}

export type RateGrants = ReturnType<typeof createRateGrants>;

/**
 * The uses that a fleet granted this process. They are good in the slot they were granted in; what is not used by then
 * is given back, and of a small limit at once.
 */
export function createRateGrants({ now, slotMs }: RateGrantsOptions) {
  const standings = new Map<string, Standing>();
  const backs = createBacks();
  /** Keys of small limits with units that nobody may want. */
  const loose = new Set<string>();
  let turnAt = 0;

  const current = (key: string): Standing | undefined => {
    const standing = standings.get(key);
    return standing && standing.until > now() ? standing : undefined;
  };
  const keep = (standing: Standing) => {
    const { rate, units } = standing;
    standings.set(rate.key, standing);
    if (units > 0 && leaseOf(rate.limit) === 0) loose.add(rate.key);
    else loose.delete(rate.key);
  };
  const empty = (standing: Standing | undefined) => {
    if (!standing || standing.units === 0) return;
    backs.add(standing.rate.key, { slot: standing.slot, count: standing.units });
    keep({ ...standing, units: 0 });
  };

  return {
    backs,
    /** What the fleet said of a key in this slot. */
    current,
    /** True when the fleet had no room left when it was asked last. */
    wasFull(key: string): boolean {
      const { left, freeAt } = standings.get(key) ?? { left: 1, freeAt: 0 };
      return left === 0 && freeAt > now();
    },
    /** Keys something is remembered of. */
    get size() {
      return standings.size;
    },
    /** Takes a use that was granted; `undefined` when there is none. */
    take(rate: Rate): Grant | undefined {
      const standing = current(rate.key);
      if (!standing || standing.units === 0) return undefined;
      keep({ ...standing, units: standing.units - 1 });
      return { rate, slot: standing.slot };
    },
    /** Leaves a use to others. */
    putBack({ rate, slot }: Grant): void {
      const standing = current(rate.key);
      if (standing?.slot === slot) keep({ ...standing, units: standing.units + 1 });
      else backs.add(rate.key, { slot, count: 1 });
    },
    /** Takes note of what the fleet told of a rate when it was asked, and gives back what is beyond the limit. */
    settle(asked: Asked, told: SharedUses): void {
      const before = standings.get(asked.rate.key);
      const isSameSlot = before?.slot === told.slot;
      if (!isSameSlot) empty(before);
      const over = overOf(asked, told);
      backs.add(told.key, { slot: told.slot, count: over });
      keep({
        rate: asked.rate,
        slot: told.slot,
        // Whoever waited for it may use what was granted, also when the slot has ended on the way.
        until: Math.max(asked.sentAt + told.leftMs, now() + 1),
        units: (isSameSlot ? before.units : 0) + asked.count - over,
        left: Math.max(0, asked.rate.limit - totalOf(told) + over),
        freeAt: now() + told.leftMs + slotMs * slotsUntilRoom(asked, told),
      });
    },
    /** Gives back what nobody wants of small limits, and what is left of slots that are over, and forgets those. */
    turn(): void {
      for (const key of [...loose]) empty(standings.get(key));
      const at = now();
      if (at < turnAt) return;
      // All are looked at, so that is not done for every question.
      turnAt = at + slotMs / 5;
      for (const [key, standing] of standings) {
        if (standing.until > at) continue;
        empty(standing);
        if (standing.left > 0 || standing.freeAt <= at) standings.delete(key);
      }
    },
  };
}

/** Uses that are to be taken back. */
function createBacks() {
  const backs = new Map<string, BackUses>();
  return {
    add(key: string, { slot, count }: BackUses): void {
      if (count === 0) return;
      const other = backs.get(key) ?? { slot, count: 0 };
      // What is taken from an older slot than it was counted in counts longer than it need: never more than the limit.
      backs.set(key, { slot: Math.min(slot, other.slot), count: count + other.count });
    },
    keys: () => backs.keys(),
    /** What is to be taken back of a key, once. */
    take(key: string): BackUses | undefined {
      const back = backs.get(key);
      backs.delete(key);
      return back;
    },
  };
}

function totalOf({ uses }: SharedUses): number {
  return uses.reduce((sum, count) => sum + count, 0);
}

/** How many of the uses asked for are beyond the limit. */
function overOf({ rate, count }: Asked, told: SharedUses): number {
  return Math.min(count, Math.max(0, totalOf(told) - rate.limit));
}

/** Slots that must be forgotten, after that of now, until there is room, once what is beyond the limit is given back. */
function slotsUntilRoom(asked: Asked, told: SharedUses): number {
  let left = totalOf(told) - overOf(asked, told) - asked.rate.limit;
  const index = told.uses.findIndex((count) => {
    left -= count;
    return left < 0;
  });
  return index === -1 ? told.uses.length : index;
}
