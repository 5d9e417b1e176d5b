import { type Clock, GuestpassError, sleep } from 'guestpass';
import type { Presence } from './presence.ts';

export interface SuperviseOptions {
  readonly clock: Clock;
  /** Our place at the server that runs now. */
  readonly presence: Presence;
  /** Starts the server again, or joins whoever did. */
  readonly enter: () => Promise<Presence>;
  /** Told when the server is gone, and each time it could not be started again. */
  readonly onProblem: (error: unknown) => void;
}

/** Watches over a server as long as we use it. */
export interface Supervision {
  /** Stops watching and gives our place up, not before the others had the time to come back to a server that ended. */
  leave(): Promise<void>;
}

const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A server that ran this long did not end for the reason it ended before, in milliseconds. */
const soundMs = 30_000;
/** How long those who used a server that ended may need to come back to it, in milliseconds. */
const returnMs = 2_000;

/** Brings a server that ended back at once, and later and later when it does not stay. */
export function superviseServer(options: SuperviseOptions): Supervision {
  const { clock, onProblem } = options;
  const leaving = Promise.withResolvers<void>();
  let presence: Presence | undefined = options.presence;
  let isLeaving = false;
  let failures = 0;
  let returnedAt = Number.NEGATIVE_INFINITY;

  const pause = async () => {
    const delayMs = failures === 0 ? 0 : Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
    const over = Promise.withResolvers<void>();
    const cancel = clock.after(delayMs, over.resolve);
    await Promise.race([over.promise, leaving.promise]);
    cancel();
  };

  const enterAgain = async (): Promise<Presence | undefined> => {
    for (;;) {
      await pause();
      if (isLeaving) return undefined;
      failures += 1;
      try {
        return await options.enter();
      } catch (error) {
        onProblem(error);
      }
    }
  };

  const watch = async () => {
    while (presence) {
      const enteredAt = clock.monotonic();
      await presence.over;
      presence = undefined;
      if (isLeaving) return;
      onProblem(new GuestpassError('storage_unavailable', 'The embedded database ended; it is started again.'));
      if (clock.monotonic() - enteredAt > soundMs) failures = 0;
      presence = await enterAgain();
      returnedAt = clock.monotonic();
      if (isLeaving) return;
    }
  };
  const watching = watch();

  return {
    async leave() {
      isLeaving = true;
      leaving.resolve();
      // It may be coming back just now.
      if (!presence) await watching;
      // Places end with the server: whoever came back first is alone there, and would take it from the others.
      const restMs = returnedAt + returnMs - clock.monotonic();
      if (presence && restMs > 0) await sleep(clock, restMs);
      await presence?.leave();
    },
  };
}
