import type { Clock } from 'guestpass';

/** Waits `delayMs`. Rejects with the signal's reason when it aborts. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => {
    cancel();
    reject(signal.reason);
  };
  const cancel = clock.after(delayMs, () => {
    signal.removeEventListener('abort', onAbort);
    resolve();
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
