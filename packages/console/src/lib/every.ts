import type { Clock } from 'guestpass';

/** Calls `then` each `ms`, until the returned function is called. */
export function every(clock: Clock, ms: number, then: () => void): () => void {
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(ms, () => {
      then();
      next();
    });
  };
  next();
  return () => cancel();
}
