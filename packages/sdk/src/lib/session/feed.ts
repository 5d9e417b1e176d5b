import { stoppedReading } from './session-errors.ts';

/** Things that come one after the other, for any number of readers: each reads all of them, at its own pace. */
export interface Feed<T> {
  push(items: readonly T[]): void;
  /** What was there is gone; every reader goes on with what comes next. */
  restart(): void;
  /** No more come: readers end after what is there, or fail. A restart opens the feed again. */
  end(error?: Error): void;
  /** Reads from the beginning. Rejects as `aborted` as soon as the signal aborts. */
  read(signal?: AbortSignal): AsyncGenerator<T, void, undefined>;
}

export function createFeed<T>(): Feed<T> {
  let items: T[] = [];
  let ended: { readonly error?: Error } | undefined;
  const wakers = new Set<() => void>();

  const wake = () => {
    for (const waker of [...wakers]) waker();
  };

  const news = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const waker = () => {
        wakers.delete(waker);
        signal?.removeEventListener('abort', waker);
        resolve();
      };
      wakers.add(waker);
      signal?.addEventListener('abort', waker, { once: true });
    });

  return {
    push(more) {
      items.push(...more);
      wake();
    },
    restart() {
      items = [];
      ended = undefined;
      wake();
    },
    end(error) {
      ended = error ? { error } : {};
      wake();
    },
    async *read(signal) {
      let reading = items;
      let next = 0;
      for (;;) {
        if (signal?.aborted) throw stoppedReading(signal.reason);
        if (reading !== items) {
          reading = items;
          next = 0;
        }
        if (next < reading.length) {
          next += 1;
          // Cast, because the index was just compared with the length.
          yield reading[next - 1] as T;
        } else if (ended) {
          if (ended.error) throw ended.error;
          return;
        } else {
          await news(signal);
        }
      }
    },
  };
}
