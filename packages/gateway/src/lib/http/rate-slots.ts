/** Counts by key, in slots of time that are forgotten one after the other, a window after they ended. */
export interface RateSlots {
  /** The slot of now. */
  readonly current: number;
  /** Forgets what is over; to be called before the counts are looked at. */
  turn(): void;
  /** What is counted of a key in all. */
  total(key: string): number;
  /** What is counted of a key in one slot. */
  countIn(slot: number, key: string): number;
  /** Counts one more in the slot of now. */
  add(key: string): void;
  /** Slots that may hold counts, oldest first. */
  live(): readonly number[];
  /** Milliseconds until a slot is forgotten. */
  endOf(slot: number): number;
  /** Milliseconds until so many keys more may be counted, or until there is more room at least; 0 when they may now. */
  roomIn(keys: number): number;
}

export interface RateSlotsOptions {
  /** Milliseconds; never goes back. */
  readonly now: () => number;
  readonly windowMs: number;
  /** Counts kept at most. */
  readonly capacity: number;
}

/** Slots of a window; the one that is not yet wholly a window ago still counts as a whole. */
const slotsPerWindow = 12;

/** How long a slot is, in milliseconds; slots are counted from the instant 0. */
export function slotSpan(windowMs: number): number {
  return windowMs / slotsPerWindow;
}

export function createRateSlots({ now, windowMs, capacity }: RateSlotsOptions): RateSlots {
  const spanMs = slotSpan(windowMs);
  const slots = new Map<number, Map<string, number>>();
  const totals = new Map<string, number>();
  let current = Math.floor(now() / spanMs);

  const countIn = (slot: number, key: string) => slots.get(slot)?.get(key) ?? 0;
  const isLive = (slot: number) => slot >= current - slotsPerWindow;
  const endOf = (slot: number) => (slot + slotsPerWindow + 1) * spanMs - now();

  const changeTotal = (key: string, change: number) => {
    const total = (totals.get(key) ?? 0) + change;
    if (total > 0) totals.set(key, total);
    else totals.delete(key);
  };
  const forget = (slot: number) => {
    for (const [key, count] of slots.get(slot) ?? []) changeTotal(key, -count);
    slots.delete(slot);
  };

  return {
    get current() {
      return current;
    },
    turn() {
      const wanted = Math.floor(now() / spanMs);
      if (wanted <= current) return;
      current = wanted;
      for (const slot of slots.keys()) if (!isLive(slot)) forget(slot);
    },
    total: (key) => totals.get(key) ?? 0,
    countIn,
    add(key) {
      const counts = slots.get(current) ?? new Map<string, number>();
      slots.set(current, counts.set(key, countIn(current, key) + 1));
      changeTotal(key, 1);
    },
    live: () => Array.from({ length: slotsPerWindow + 1 }, (_, index) => current - slotsPerWindow + index),
    endOf,
    roomIn(keys) {
      let kept = keys;
      for (const { size } of slots.values()) kept += size;
      return kept <= capacity ? 0 : endOf(Math.min(...slots.keys()));
    },
  };
}
