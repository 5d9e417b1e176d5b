import { type Clock, GuestpassError, isGuestpassError, systemClock } from 'guestpass';

export interface GroupCommitOptions<Item, Result> {
  /** Keeps all items or none. The results stand in the order of the items. */
  readonly commit: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items in one commit at most. Default 200. */
  readonly largestGroup?: number;
  /** How long the first item of a group waits for others, in milliseconds. Default 0. */
  readonly lingerMs?: number;
  /** Items that may wait before new ones are refused with `overloaded`. Default 5,000. */
  readonly longestQueue?: number;
  /** Default the system's clock. */
  readonly clock?: Clock;
}

/** Items that arrive while a commit is under way share the next one. */
export interface GroupCommit<Item, Result> {
  /** Resolves once the item is kept. */
  submit(item: Item): Promise<Result>;
  /** Items that wait, those under way included. */
  readonly waiting: number;
  /** How long the first of them has waited, in milliseconds; 0 when none does. */
  readonly waitedMs: number;
  /** Refuses new items and waits for those that are there. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly since: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * When a commit fails for anything but trouble with the storage, one of its items must be at fault: the group is
 * halved until that one fails alone.
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const { commit, largestGroup = 200, lingerMs = 0, longestQueue = 5_000, clock = systemClock } = options;
  const queue: Waiting<Item, Result>[] = [];
  let underWay: readonly Waiting<Item, Result>[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;
  let goOn = () => {};

  const keep = async (group: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await commit(group.map(({ item }) => item));
      // A cast, because `commit` promises one result for each item.
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (group.length === 1 || isStorageTrouble(error)) {
        for (const { reject } of group) reject(error);
        return;
      }
      const middle = Math.ceil(group.length / 2);
      await keep(group.slice(0, middle));
      await keep(group.slice(middle));
    }
  };

  const linger = () =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(lingerMs, resolve);
      goOn = () => {
        cancel();
        resolve();
      };
    });

  const drain = async () => {
    // One turn of patience: whoever calls in the same breath shares the commit.
    await undefined;
    while (queue.length > 0) {
      if (lingerMs > 0 && !closed && queue.length < largestGroup) await linger();
      underWay = queue.splice(0, largestGroup);
      await keep(underWay);
      underWay = [];
    }
    draining = undefined;
  };

  return {
    submit(item) {
      if (closed) return Promise.reject(new GuestpassError('storage_unavailable', 'The store is closed.'));
      if (queue.length >= longestQueue) return Promise.reject(overloaded(queue.length));
      return new Promise((resolve, reject) => {
        queue.push({ item, since: clock.monotonic(), resolve, reject });
        if (queue.length >= largestGroup) goOn();
        draining ??= drain();
      });
    },
    get waiting() {
      return queue.length + underWay.length;
    },
    get waitedMs() {
      const [first] = underWay.length > 0 ? underWay : queue;
      return first ? clock.monotonic() - first.since : 0;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      goOn();
      await draining;
    },
  };
}

function isStorageTrouble(error: unknown): boolean {
  return isGuestpassError(error) && error.code === 'storage_unavailable';
}

function overloaded(waiting: number): GuestpassError {
  return new GuestpassError('overloaded', `${waiting} records wait for the database.`);
}
