import type { Clock } from 'guestpass';

/** A job that is ours for a while. */
export interface ClaimedJob {
  readonly id: string;
  /** What may be asked of together only so much, such as one receiver. */
  readonly groupId?: string | null;
}

export interface JobLoopOptions<Job extends ClaimedJob> {
  readonly clock: Clock;
  /** Claims jobs that are due, so many at most, and none of these groups. */
  readonly claim: (most: number, withoutGroups: readonly string[]) => Promise<readonly Job[]>;
  /**
   * Does a job and settles its claim. Must not reject. Calls `leaveGroup` when what is left to do takes nothing from its
   * group any more.
   */
  readonly work: (job: Job, leaveGroup: () => void) => Promise<void>;
  /** Gives up claims on jobs that were not begun; others may take them. */
  readonly giveBack: (jobs: readonly Job[]) => Promise<void>;
  /** Jobs worked on at once. */
  readonly concurrency: number;
  /** Jobs of one group worked on at once. */
  readonly concurrencyPerGroup: number;
  /** Told when jobs could not be claimed or given back; it is tried again. */
  readonly onProblem: (error: unknown) => void;
}

export interface JobLoop {
  /** Says that jobs are about to be due; they may not be visible yet. */
  expect(): void;
  /** Claims nothing more, gives back what was not begun, and waits for what is under way. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A job that waits for its group longer than this is better off elsewhere, in milliseconds. */
const longestParkedMs = 5_000;

/** How often is looked when nobody expects anything: for jobs whose time has come, and those of others, in milliseconds. */
const idleMs = 1_000;

/** Jobs that are expected come with a commit: soon, but nobody says when. In milliseconds, one look after the other. */
const eagerMs = [2, 5, 10, 20, 50, 100, 250];

/**
 * Claims jobs while there is room and works on them. A group that is busy is left out, so that a slow one takes nothing
 * from the others.
 */
export function startJobLoop<Job extends ClaimedJob>(options: JobLoopOptions<Job>): JobLoop {
  const { clock, concurrency, onProblem } = options;
  const room = createRoom(options);
  const doze = createDoze(clock);
  let eager = eagerMs.length;
  let stopped = false;

  const claimOnce = async (): Promise<number> => {
    const most = concurrency - room.running;
    if (most <= 0) return 0;
    try {
      const jobs = await options.claim(most, room.busyGroups());
      for (const job of jobs) room.enter(job);
      return jobs.length;
    } catch (error) {
      onProblem(error);
      return 0;
    }
  };

  const giveBack = async (jobs: readonly Job[]) => {
    if (jobs.length > 0) await options.giveBack(jobs).catch(onProblem);
  };

  const loop = async () => {
    while (!stopped) {
      const claimed = await claimOnce();
      await giveBack(room.takeParked(longestParkedMs));
      // Where there was one there may be more, of a group that has room.
      if (claimed > 0) eager = 0;
      else if (!stopped) await doze.sleep(eagerMs[eager++] ?? idleMs);
    }
    await giveBack(room.takeParked(0));
  };

  room.onRoom(doze.wake);
  const looping = loop();
  return {
    expect() {
      eager = 0;
      doze.wake();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      doze.wake();
      await looping;
      await room.empty();
    },
  };
}

interface Parked<Job> {
  readonly job: Job;
  readonly since: number;
}

interface Group {
  running: number;
  parked: number;
  /** True from when its jobs were given back until one of those under way has ended. */
  slow: boolean;
}

/** Who works now, and who waits for a place in its group. */
function createRoom<Job extends ClaimedJob>({ clock, work, concurrency, concurrencyPerGroup }: JobLoopOptions<Job>) {
  const groups = new Map<string, Group>();
  const under = new Set<Promise<void>>();
  let parked: Parked<Job>[] = [];
  let onRoom = () => {};

  const groupOf = ({ groupId }: Job) => {
    const name = groupId ?? '';
    const group = groups.get(name) ?? { running: 0, parked: 0, slow: false };
    groups.set(name, group);
    return group;
  };
  // A few in reserve, so that the next one begins without waiting for the database.
  const isBusy = ({ running, parked: waiting, slow }: Group) =>
    running >= concurrencyPerGroup && (slow || waiting >= concurrencyPerGroup);

  const begin = (job: Job) => {
    const group = groupOf(job);
    group.running += 1;
    let inGroup = true;
    const leaveOnce = () => {
      if (inGroup) leave(job, group);
      inGroup = false;
    };
    const done = work(job, leaveOnce).then(() => {
      leaveOnce();
      const wasFull = under.size >= concurrency;
      under.delete(done);
      if (wasFull) onRoom();
    });
    under.add(done);
  };

  const leave = (job: Job, group: Group) => {
    group.running -= 1;
    group.slow = false;
    const index = group.parked > 0 ? parked.findIndex((one) => groupOf(one.job) === group) : -1;
    const [next] = index < 0 ? [] : parked.splice(index, 1);
    if (next) {
      group.parked -= 1;
      begin(next.job);
    }
    if (group.running === 0) groups.delete(job.groupId ?? '');
    if (group.parked < concurrencyPerGroup) onRoom();
  };

  return {
    get running() {
      return under.size;
    },
    enter(job: Job) {
      const group = groupOf(job);
      if (group.running < concurrencyPerGroup) return begin(job);
      group.parked += 1;
      parked.push({ job, since: clock.monotonic() });
    },
    busyGroups: () => [...groups].flatMap(([name, group]) => (name !== '' && isBusy(group) ? [name] : [])),
    takeParked(minMs: number): readonly Job[] {
      const until = clock.monotonic() - minMs;
      const taken = parked.filter(({ since }) => since <= until);
      parked = parked.filter(({ since }) => since > until);
      for (const { job } of taken) {
        const group = groupOf(job);
        group.parked -= 1;
        group.slow = true;
      }
      return taken.map(({ job }) => job);
    },
    /** Called when there is room for more. */
    onRoom(then: () => void) {
      onRoom = then;
    },
    async empty() {
      while (under.size > 0) await Promise.all(under);
    },
  };
}

/** A pause that can be ended, also ahead of time. */
function createDoze(clock: Clock) {
  let wakeUp: (() => void) | undefined;
  let woken = false;
  return {
    wake: () => {
      woken = true;
      wakeUp?.();
    },
    async sleep(spanMs: number) {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(spanMs, resolve);
          wakeUp = () => {
            cancel();
            resolve();
          };
        });
      }
      wakeUp = undefined;
      woken = false;
    },
  };
}
