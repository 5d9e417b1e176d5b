import type { Clock } from 'guestpass';

/** Says true at first, and then once in every span at most, for what is told once in a while. */
export function createSeldom(clock: Clock, everyMs: number): () => boolean {
  let nextAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.monotonic();
    if (now < nextAt) return false;
    nextAt = now + everyMs;
    return true;
  };
}
