import type { SimulatorClock } from '../clock.ts';

/** How a wait ended: its time came, or the simulator was reset meanwhile. */
export type WaitEnd = 'elapsed' | 'reset';

/** The answers being held back. */
export interface Waits {
  /** Waits on the clock, or without end when no span is given. Rejects with the signal's reason when it aborts. */
  wait(spanMs: number | undefined, signal: AbortSignal): Promise<WaitEnd>;
  /** Ends every wait. */
  end(): void;
  readonly pending: number;
}

export function createWaits(clock: SimulatorClock): Waits {
  const enders = new Set<() => void>();
  return {
    wait(spanMs, signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const leave = () => {
          cancel?.();
          enders.delete(end);
          signal.removeEventListener('abort', abort);
        };
        const end = () => {
          leave();
          resolve('reset');
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        const elapse = () => {
          leave();
          resolve('elapsed');
        };
        enders.add(end);
        signal.addEventListener('abort', abort);
        const cancel = spanMs === undefined ? undefined : clock.after(spanMs, elapse);
      });
    },
    end() {
      for (const end of [...enders]) end();
    },
    get pending() {
      return enders.size;
    },
  };
}
