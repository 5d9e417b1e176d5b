import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from 'guestpass';

export interface EventLoopWatchOptions {
  readonly clock: Clock;
  /** How often a new reading is made, in milliseconds. Default 1,000. */
  readonly everyMs?: number;
}

/** How late this process is with its own work. */
export interface EventLoopWatch {
  /** By how many milliseconds the latest of a hundred turns in the last reading was late. */
  delayMs(): number;
  [Symbol.dispose](): void;
}

const resolutionMs = 20;

export function watchEventLoop({ clock, everyMs = 1_000 }: EventLoopWatchOptions): EventLoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let delayMs = 0;
  let stop = () => {};

  const readLater = () => {
    const dueAt = clock.monotonic() + everyMs;
    stop = clock.after(everyMs, () => {
      // A reset loses the turn it falls into, but being late ourselves tells of that one.
      const sampledMs = histogram.count > 0 ? histogram.percentile(99) / 1e6 - resolutionMs : 0;
      delayMs = Math.max(0, sampledMs, clock.monotonic() - dueAt);
      histogram.reset();
      readLater();
    });
  };
  readLater();

  return {
    delayMs: () => delayMs,
    [Symbol.dispose]() {
      stop();
      histogram.disable();
    },
  };
}
