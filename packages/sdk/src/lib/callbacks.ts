import type { Clock } from './clock.ts';

export interface CallbacksOptions {
  readonly clock: Clock;
  /** Told of a callback that threw or rejected. What it throws itself is dropped. */
  readonly onProblem?: (error: unknown) => unknown;
}

/** Calls the callers' functions off the guest's path: after it, and with nothing they throw reaching it. */
export interface Callbacks {
  post<T>(callback: (value: T) => unknown, value: T): void;
  /** Tells `onProblem` the same way. */
  report(error: unknown): void;
  /** Resolves when all posted callbacks have ended. */
  drained(): Promise<void>;
}

export function createCallbacks({ clock, onProblem }: CallbacksOptions): Callbacks {
  const running = new Set<Promise<void>>();
  const waiting = new Set<() => void>();

  const afterwards = (call: () => Promise<void>) => {
    const turn = Promise.withResolvers<void>();
    const begin = () => {
      cancel();
      waiting.delete(begin);
      turn.resolve();
    };
    const cancel = clock.after(0, begin);
    waiting.add(begin);
    const ended = turn.promise.then(call).finally(() => running.delete(ended));
    running.add(ended);
  };

  const tell = async (error: unknown) => {
    try {
      await onProblem?.(error);
    } catch {
      // Whoever reports a problem has no one left to report to.
    }
  };

  return {
    post(callback, value) {
      afterwards(async () => {
        try {
          await callback(value);
        } catch (error) {
          await tell(error);
        }
      });
    },
    report: (error) => afterwards(() => tell(error)),
    async drained() {
      while (running.size > 0) {
        // Whoever waits is off the guest's path already, and a clock that stands still holds nobody up.
        for (const begin of waiting) begin();
        await Promise.all(running);
      }
    },
  };
}
