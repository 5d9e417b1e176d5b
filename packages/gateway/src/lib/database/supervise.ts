import { type Clock, GuestpassError } from 'guestpass';
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
  /** Stops watching and gives our place up. Calls `end` when nobody else has one. */
  leave(end: () => Promise<void>): Promise<void>;
}

const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A server that ran this long did not end for the reason it ended before, in milliseconds. */
const soundMs = 30_000;

/** Brings a server that ended back at once, and later and later when it does not stay. */
export function superviseServer(options: SuperviseOptions): Supervision {
  const { clock, onProblem } = options;
  const leaving = Promise.withResolvers<void>();
  let presence: Presence | undefined = options.presence;
  let isLeaving = false;
  let failures = 0;

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
      if (isLeaving) return;
    }
  };
  const watching = watch();

  return {
    async leave(end) {
      isLeaving = true;
      leaving.resolve();
      // It may be coming back just now.
      if (!presence) await watching;
      await presence?.leave(end);
    },
  };
}
