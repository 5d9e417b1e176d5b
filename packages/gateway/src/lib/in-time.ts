import type { Clock } from 'guestpass';

/** Settles as the promise does, or rejects with `late()` once the span is over. The promise itself goes on. */
export async function inTime<T>(promise: Promise<T>, spanMs: number, { clock, late }: InTimeOptions): Promise<T> {
  const over = Promise.withResolvers<never>();
  const cancel = clock.after(Math.max(0, spanMs), () => over.reject(late()));
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    cancel();
  }
}

export interface InTimeOptions {
  readonly clock: Clock;
  readonly late: () => Error;
}
