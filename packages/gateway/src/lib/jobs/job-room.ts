import type { Clock } from 'guestpass';

/** A job that is ours for a while. */
export interface ClaimedJob {
  readonly id: string;
  /** What may be asked of together only so much, such as one receiver. */
  readonly groupId?: string | null;
}

export interface JobRoomOptions<Job extends ClaimedJob> {
  readonly clock: Clock;
  /**
   * Does a job and settles its claim. Must not reject. Calls `leaveGroup` when what is left to do takes nothing from its
   * group any more.
   */
  readonly work: (job: Job, leaveGroup: () => void) => Promise<void>;
  /** Jobs worked on at once. */
  readonly concurrency: number;
  /** Jobs of one group worked on at once. */
  readonly concurrencyPerGroup: number;
}

/** Jobs in reserve for each place in a group, so that the next one begins without waiting for the database. */
const reserve = 4;

interface Parked<Job> {
  readonly job: Job;
  readonly since: number;
}

interface Group<Job> {
  running: number;
  /** In the order they came. */
  readonly parked: Parked<Job>[];
  /** True from when its jobs were given back until one of those under way has ended. */
  slow: boolean;
  /** True when it was left out of a claim and may have more. */
  leftOut: boolean;
}

/** A claim for one or two costs as much as one for many: this share of the places is to be free. */
const worthAClaim = 0.25;

/** Who works now, and who waits for a place in its group. */
export function createJobRoom<Job extends ClaimedJob>(options: JobRoomOptions<Job>) {
  const { clock, work, concurrency, concurrencyPerGroup } = options;
  const groups = createGroups<Job>();
  const under = new Set<Promise<void>>();
  let onRoom = () => {};
  let wasFull = false;

  const isBusy = ({ running, parked, slow }: Group<Job>) =>
    running >= concurrencyPerGroup && (slow || parked.length >= reserve * concurrencyPerGroup);

  const begin = (job: Job) => {
    const group = groups.of(job);
    group.running += 1;
    let inGroup = true;
    const leaveOnce = () => {
      if (inGroup) leave(job, group);
      inGroup = false;
    };
    const done = work(job, leaveOnce).then(() => {
      leaveOnce();
      under.delete(done);
      if (wasFull && under.size <= concurrency * (1 - worthAClaim)) {
        wasFull = false;
        onRoom();
      }
    });
    under.add(done);
    wasFull ||= under.size >= concurrency;
  };

  const leave = (job: Job, group: Group<Job>) => {
    group.running -= 1;
    group.slow = false;
    const next = group.parked.shift();
    if (next) begin(next.job);
    if (group.running === 0) groups.drop(job);
    if (group.leftOut && !isBusy(group)) {
      group.leftOut = false;
      onRoom();
    }
  };

  return {
    get running() {
      return under.size;
    },
    enter(job: Job) {
      const group = groups.of(job);
      if (group.running < concurrencyPerGroup) return begin(job);
      group.parked.push({ job, since: clock.monotonic() });
    },
    busyGroups: () =>
      groups.all().flatMap(([name, group]) => {
        group.leftOut = name !== '' && isBusy(group);
        return group.leftOut ? [name] : [];
      }),
    takeParked(minMs: number): readonly Job[] {
      const until = clock.monotonic() - minMs;
      return groups.all().flatMap(([, group]) => {
        const taken = group.parked.splice(0, group.parked.filter(({ since }) => since <= until).length);
        if (taken.length > 0) Object.assign(group, { slow: true, leftOut: true });
        return taken.map(({ job }) => job);
      });
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

function createGroups<Job extends ClaimedJob>() {
  const groups = new Map<string, Group<Job>>();
  return {
    of({ groupId }: Job): Group<Job> {
      const name = groupId ?? '';
      const group = groups.get(name) ?? { running: 0, parked: [], slow: false, leftOut: false };
      groups.set(name, group);
      return group;
    },
    drop: ({ groupId }: Job) => groups.delete(groupId ?? ''),
    all: () => [...groups],
  };
}
