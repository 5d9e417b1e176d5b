/**
 * The one door to time. Instants shown to people come from `now`; spans and deadlines come from `monotonic`, which
 * no clock correction moves.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. May have a fraction. */
  monotonic(): number;
  /** Calls `then` once after `delayMs`, as soon as may be when that is negative, unless the returned function was called before. */
  after(delayMs: number, then: () => void): () => void;
}

/** `setTimeout` fires at once when asked for more than this, so longer waits are cut here. */
export const longestTimerMs = 2_147_483_647;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, Math.min(Math.max(delayMs, 0), longestTimerMs));
    return () => clearTimeout(timer);
  },
};

/** Waits `delayMs`. Rejects with the signal's reason as soon as the signal aborts, and then holds no timer. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Writes instants of the clock as ISO 8601 in UTC, such as `2024-01-15T10:30:00.000Z`. Under load many records fall into
 * one millisecond, so the last text is kept.
 */
export function createTimestamps(clock: Clock): () => string {
  let lastMs = Number.NaN;
  let text = '';
  return () => {
    const nowMs = clock.now();
    if (nowMs !== lastMs) {
      text = new Date(nowMs).toISOString();
      lastMs = nowMs;
    }
    return text;
  };
}
