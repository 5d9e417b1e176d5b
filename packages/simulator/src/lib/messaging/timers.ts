import type { SimulatorClock } from '../clock.ts';

/** A clock whose timers can all be taken back at once. */
export interface Timers extends SimulatorClock {
  /** Takes back every timer. */
  end(): void;
}

export function createTimers(clock: SimulatorClock): Timers {
  const waiting = new Set<() => void>();
  return {
    now: () => clock.now(),
    after(delayMs, then) {
      const cancel = () => {
        waiting.delete(cancel);
        takeBack();
      };
      const takeBack = clock.after(delayMs, () => {
        waiting.delete(cancel);
        then();
      });
      waiting.add(cancel);
      return cancel;
    },
    end() {
      for (const cancel of [...waiting]) cancel();
    },
  };
}
