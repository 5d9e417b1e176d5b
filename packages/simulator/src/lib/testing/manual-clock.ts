import type { SimulatorClock } from '../clock.ts';

/** A clock that moves only when told. */
export interface ManualClock extends SimulatorClock {
  /** Moves time on and fires each timer due on the way at its own instant. */
  advance(spanMs: number): void;
  /** Resolves as soon as a timer waits; at once when one does. */
  armed(): Promise<void>;
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly then: () => void;
}

export function manualClock(startsAt = Date.parse('2024-01-15T10:30:00Z')): ManualClock {
  let instant = startsAt;
  let whenArmed = Promise.withResolvers<void>();
  const timers = new Set<Timer>();

  const nextDue = (until: number) =>
    [...timers].filter((timer) => timer.at <= until).sort((one, other) => one.at - other.at)[0];

  return {
    now: () => instant,
    after(delayMs, then) {
      const timer = { at: instant + delayMs, then };
      timers.add(timer);
      whenArmed.resolve();
      return () => timers.delete(timer);
    },
    advance(spanMs) {
      const until = instant + spanMs;
      for (let timer = nextDue(until); timer; timer = nextDue(until)) {
        instant = timer.at;
        timers.delete(timer);
        timer.then();
      }
      instant = until;
    },
    armed() {
      if (timers.size > 0) return Promise.resolve();
      whenArmed = Promise.withResolvers<void>();
      return whenArmed.promise;
    },
    get pending() {
      return timers.size;
    },
  };
}
