import { sleep, systemClock } from 'guestpass';

/** Looks again and again until it is so; throws with what was seen last when `withinMs` have passed. */
export async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean, withinMs: number): Promise<T> {
  const deadline = systemClock.monotonic() + withinMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (systemClock.monotonic() > deadline) throw new Error(`Still ${JSON.stringify(seen)} after ${withinMs} ms.`);
    await sleep(systemClock, 50);
  }
}
