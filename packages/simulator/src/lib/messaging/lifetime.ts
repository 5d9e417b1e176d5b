import type { SimulatorClock } from '../clock.ts';

/** When a session ends. A timer runs only while somebody is there to be told. */
export interface Lifetime {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  watch(): void;
  rest(): void;
  /** Begins the span anew. */
  prolong(spanMs: number): void;
}

export function createLifetime(firstEnd: number, clock: SimulatorClock, over: () => void): Lifetime {
  let expiresAt = firstEnd;
  let cancel: (() => void) | undefined;
  const arm = () => {
    cancel = clock.after(Math.max(0, expiresAt - clock.now()), () => {
      // The end may have moved on meanwhile, and a clock may ring before a span this long is over.
      if (clock.now() < expiresAt) arm();
      else over();
    });
  };
  return {
    get expiresAt() {
      return expiresAt;
    },
    watch() {
      if (!cancel) arm();
    },
    rest() {
      cancel?.();
      cancel = undefined;
    },
    prolong(spanMs) {
      expiresAt = clock.now() + spanMs;
    },
  };
}
