import { type Clock, longestTimerMs } from '../clock.ts';

/** A clock that moves only when told. Waits of hours take no time, and every run is the same. */
export interface ManualClock extends Clock {
  /** Timers not yet fired or cancelled; 0 when nothing is left waiting. */
  readonly pending: number;
  /** Moves time on, firing each timer due on the way at its own instant and letting promises settle in between. */
  advance(spanMs: number): Promise<void>;
  /** Jumps from timer to timer until the promise settles, and settles as it does. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Steps the wall clock alone, as a correction by NTP does; `monotonic` and timers stay. */
  step(spanMs: number): void;
}

interface Timer {
  readonly at: number;
  readonly then: () => void;
}

/** @example const clock = manualClock(Date.parse('2024-01-15T10:30:00Z')); */
export function manualClock(startsAt = 0): ManualClock {
  let elapsed = 0;
  let wall = startsAt;
  const timers = new Set<Timer>();

  const next = () => [...timers].reduce<Timer | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);

  const moveTo = (instant: number) => {
    wall += instant - elapsed;
    elapsed = instant;
  };

  const fire = (timer: Timer) => {
    moveTo(Math.max(timer.at, elapsed));
    timers.delete(timer);
    timer.then();
  };

  return {
    now: () => wall,
    monotonic: () => elapsed,
    after(delayMs, then) {
      if (Number.isNaN(delayMs)) throw new RangeError('A timer needs a span of time, not NaN.');
      // Cut like the system's own, so that a test sees a wait that is too long for one timer.
      const timer = { at: elapsed + Math.min(Math.max(0, delayMs), longestTimerMs), then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    async advance(spanMs) {
      if (!(spanMs >= 0 && spanMs < Infinity)) throw new RangeError('Time moves on by a finite span, and never back.');
      const until = elapsed + spanMs;
      await turnOver();
      for (let timer = next(); timer && timer.at <= until; timer = next()) {
        fire(timer);
        await turnOver();
      }
      // Whoever else moves this clock may be ahead by now.
      moveTo(Math.max(until, elapsed));
    },
    async settle(promise) {
      let settled = false;
      const mark = () => {
        settled = true;
      };
      promise.then(mark, mark);
      await turnOver();
      while (!settled) {
        const timer = next();
        if (!timer) throw new Error('Nothing is waiting on the clock, and the promise has not settled.');
        fire(timer);
        await turnOver();
      }
      return promise;
    },
    step(spanMs) {
      wall += spanMs;
    },
  };
}

/** Long enough for an in-process request to run through; no timer is involved. */
async function turnOver(): Promise<void> {
  for (let turn = 0; turn < 25; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
