import type { Clock } from './clock.ts';

export interface CallbacksOptions {
  readonly clock: Clock;
  /** Told of a callback that threw or rejected. What it throws itself is dropped. */
  readonly onProblem?: (error: unknown) => void;
}

/** Calls the callers' functions off the guest's path: after it, and with nothing they throw reaching it. */
export interface Callbacks {
  post<T>(callback: (value: T) => unknown, value: T): void;
  /** Resolves when all posted callbacks have ended. */
  drained(): Promise<void>;
}

export function createCallbacks({ clock, onProblem }: CallbacksOptions): Callbacks {
  const running = new Set<Promise<void>>();

  const report = (error: unknown) => {
    try {
      onProblem?.(error);
    } catch {
      // Whoever reports a problem has no one left to report to.
    }
  };

  const call = async <T>(callback: (value: T) => unknown, value: T) => {
    await new Promise<void>((resolve) => void clock.after(0, resolve));
    try {
      await callback(value);
    } catch (error) {
      report(error);
    }
  };

  return {
    post(callback, value) {
      const ended = call(callback, value).finally(() => running.delete(ended));
      running.add(ended);
    },
    async drained() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
