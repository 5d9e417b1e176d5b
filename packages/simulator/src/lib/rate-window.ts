import { createBoundedMap } from './bounded-map.ts';
import type { SimulatorClock } from './clock.ts';

const minuteMs = 60_000;
const keysRemembered = 10_000;

/** How one key stands after a request was counted or refused. */
export interface RateState {
  readonly admitted: boolean;
  /** Requests admitted in this window. */
  readonly count: number;
  readonly allowed: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
}

/** Counts requests per key. A refused request is not counted. */
export interface RateWindows {
  take(key: string): RateState;
}

/** A window per key, of one minute unless told otherwise, opened by the first request in it. */
export function createRateWindows(clock: SimulatorClock, allowed: number, windowMs = minuteMs): RateWindows {
  const windows = createBoundedMap<{ startedAt: number; count: number }>(keysRemembered);

  const open = (key: string, now: number) => {
    const known = windows.get(key);
    // A clock set back must not prolong a window.
    if (known && now >= known.startedAt && now < known.startedAt + windowMs) return known;
    const fresh = { startedAt: now, count: 0 };
    windows.set(key, fresh);
    return fresh;
  };

  return {
    take(key) {
      const now = clock.now();
      const window = open(key, now);
      const admitted = window.count < allowed;
      if (admitted) window.count += 1;
      const resetSeconds = Math.ceil((window.startedAt + windowMs - now) / 1000);
      return { admitted, count: window.count, allowed, resetSeconds };
    },
  };
}
