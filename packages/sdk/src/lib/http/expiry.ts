import { type Clock, longestTimerMs } from '../clock.ts';

/** Something that ends at an instant unless it is forgotten before. */
export interface Perishable {
  /** Instant on the clock's monotonic axis; without one it never expires. */
  readonly deadlineAt: number | undefined;
  /** Called once, at the instant or shortly after. */
  expire(): void;
}

/** Ends many things in time with one timer, set for the first of them. Holds no timer while nothing is watched. */
export interface Expiry {
  watch(item: Perishable): void;
  /** Forgetting what is not watched does nothing. */
  forget(item: Perishable): void;
}

export function createExpiry(clock: Clock): Expiry {
  const watched = new Set<Perishable>();
  let timerAt = Number.POSITIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  const stopTimer = () => {
    cancelTimer?.();
    cancelTimer = undefined;
    timerAt = Number.POSITIVE_INFINITY;
  };

  const setTimer = (at: number) => {
    stopTimer();
    timerAt = at;
    cancelTimer = clock.after(Math.min(Math.max(0, at - clock.monotonic()), longestTimerMs), sweep);
  };

  const sweep = () => {
    stopTimer();
    const now = clock.monotonic();
    let first = Number.POSITIVE_INFINITY;
    for (const item of watched) {
      const at = item.deadlineAt ?? Number.POSITIVE_INFINITY;
      if (at <= now) {
        watched.delete(item);
        item.expire();
      } else if (at < first) {
        first = at;
      }
    }
    if (first < timerAt) setTimer(first);
  };

  return {
    watch(item) {
      const { deadlineAt } = item;
      if (deadlineAt === undefined || deadlineAt === Number.POSITIVE_INFINITY) return;
      watched.add(item);
      if (deadlineAt < timerAt) setTimer(deadlineAt);
    },
    forget(item) {
      // Without the last one nobody needs the timer, and it would keep the process alive.
      if (watched.delete(item) && watched.size === 0) stopTimer();
    },
  };
}
