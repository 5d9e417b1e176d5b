import type { Clock } from 'guestpass';

/** Something to be done again and again. */
export interface Chore {
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
}

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly chores: readonly Chore[];
  /** Told of a chore that failed; it is tried again when its time comes. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * Does each chore at its interval, counted from the end of the one before, so that a slow chore never meets itself.
 * Disposing waits for those under way.
 */
export function startUpkeep({ clock, chores, onProblem }: UpkeepOptions): AsyncDisposable {
  const cancels = new Map<Chore, () => void>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const plan = (chore: Chore) => {
    if (stopped) return;
    const cancel = clock.after(chore.everyMs, () => start(chore));
    cancels.set(chore, cancel);
  };

  const attend = async ({ run }: Chore) => {
    try {
      await run();
    } catch (error) {
      onProblem(error);
    }
  };

  const start = (chore: Chore) => {
    const done = attend(chore).finally(() => {
      running.delete(done);
      plan(chore);
    });
    running.add(done);
  };

  for (const chore of chores) plan(chore);
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      for (const cancel of cancels.values()) cancel();
      await Promise.all(running);
    },
  };
}
