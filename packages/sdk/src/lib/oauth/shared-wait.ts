import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import type { TraceTry } from '../http/trace-context.ts';

/** How long one caller is willing to wait. */
export interface Wait {
  readonly signal?: AbortSignal;
  /** Instant on the clock's monotonic axis. */
  readonly deadlineAt?: number;
  /** Follows what is sent for this caller alone or first. */
  readonly trace?: TraceTry;
}

/** Why this caller cannot wait at all, if so. */
export function waitOver(wait: Wait, now: number): GuestpassError | undefined {
  if (wait.signal?.aborted) return gaveUp(wait.signal.reason);
  return wait.deadlineAt !== undefined && wait.deadlineAt <= now ? tookTooLong() : undefined;
}

/**
 * Waits for what others wait for too. The caller's abort or deadline rejects this wait alone and leaves the shared
 * promise be. Once settled it holds neither timer nor listener.
 */
export function waitShared<T>(shared: Promise<T>, wait: Wait, clock: Clock): Promise<T> {
  const { signal, deadlineAt } = wait;
  if (!signal && deadlineAt === undefined) return shared;
  return new Promise((resolve, reject) => {
    const release = () => {
      cancelTimer?.();
      signal?.removeEventListener('abort', onAbort);
    };
    const leave = (error: GuestpassError) => {
      release();
      reject(error);
    };
    const onAbort = () => leave(gaveUp(signal?.reason));
    const cancelTimer =
      deadlineAt === undefined ? undefined : clock.after(deadlineAt - clock.monotonic(), () => leave(tookTooLong()));
    signal?.addEventListener('abort', onAbort, { once: true });
    shared.then(resolve, reject).finally(release);
  });
}

function gaveUp(reason: unknown): GuestpassError {
  return new GuestpassError('aborted', 'The caller gave up while waiting for an access token.', { cause: reason });
}

function tookTooLong(): GuestpassError {
  return new GuestpassError('deadline_exceeded', 'The deadline passed while waiting for an access token.');
}
