import type { Clock } from 'guestpass';

/** The work did not end in time. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';

  constructor(limitMs: number) {
    super(`Not done within ${limitMs / 1000} s.`);
  }
}

export interface TimeLimit {
  readonly clock: Clock;
  readonly limitMs: number;
  /** Gives the work up before that. */
  readonly signal: AbortSignal;
}

/** Lets work go on until it ends, its time is over, or it is given up; in the last two the signal handed to it aborts. */
export async function within<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, limitMs, signal }: TimeLimit,
): Promise<T> {
  const controller = new AbortController();
  const ending = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    ending.reject(reason);
    controller.abort(reason);
  };
  const onAbort = () => end(signal.reason);
  const cancel = clock.after(limitMs, () => end(new TimeLimitError(limitMs)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work(controller.signal), ending.promise]);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
