import type { Clock } from 'guestpass';
import { type ClaimedJob, createJobRoom, type JobRoomOptions } from './job-room.ts';

export interface JobLoopOptions<Job extends ClaimedJob> extends JobRoomOptions<Job> {
  /** Claims jobs that are due, so many at most, and none of these groups. */
  readonly claim: (most: number, withoutGroups: readonly string[]) => Promise<readonly Job[]>;
  /** Groups of which nothing is to be claimed now, busy or not. Default none. */
  readonly resting?: () => readonly string[];
  /** Gives up claims on jobs that were not begun; others may take them. */
  readonly giveBack: (jobs: readonly Job[]) => Promise<void>;
  /** Told when jobs could not be claimed or given back; it is tried again. */
  readonly onProblem: (error: unknown) => void;
}

export interface JobLoop {
  /** Says that jobs are about to be due; they are not visible yet. */
  expect(): void;
  /** Says that jobs are due and visible. */
  look(): void;
  /** Claims nothing more, gives back what was not begun, and waits for what is under way. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A job that waits for its group longer than this is better off elsewhere, in milliseconds. */
const longestParkedMs = 5_000;

/** How often is looked when nobody expects anything: for jobs whose time has come, and those of others, in milliseconds. */
const idleMs = 1_000;

/**
 * Jobs that are expected come with a commit: soon, and who commits may not say when. In milliseconds, one look after the
 * other. Each costs the database as much as a claim that finds something.
 */
const eagerMs = [5, 15, 50, 150, 400];

/**
 * A claim reads past all that is due for the groups it leaves out, be that a hundred thousand jobs. One that took this
 * long, in milliseconds, is followed by a pause three times as long, or until a group that was left out has room, so that
 * looking for more does not keep the database busy.
 */
const costlyMs = 20;
const pausesEach = 3;

/**
 * Claims jobs while there is room and works on them. A group that is busy is left out, so that a slow one takes nothing
 * from the others.
 */
export function startJobLoop<Job extends ClaimedJob>(options: JobLoopOptions<Job>): JobLoop {
  const { clock, concurrency, resting = () => [], onProblem } = options;
  const room = createJobRoom(options);
  const doze = createDoze(clock);
  const breath = createDoze(clock);
  let eager = eagerMs.length;
  let expected = false;
  let stopped = false;

  const claimOnce = async (most: number, withoutGroups: readonly string[]): Promise<number> => {
    try {
      const jobs = await options.claim(most, withoutGroups);
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
      const most = concurrency - room.running;
      expected = false;
      const leftOut = most > 0 ? [...room.busyGroups(), ...resting()] : [];
      const begunAt = clock.monotonic();
      const claimed = most > 0 ? await claimOnce(most, leftOut) : 0;
      const spentMs = leftOut.length > 0 ? clock.monotonic() - begunAt : 0;
      await giveBack(room.takeParked(longestParkedMs));
      // What was announced meanwhile may not have been visible to this claim.
      if (claimed > 0 && !expected) eager = eagerMs.length;
      // Whoever gets less than asked for has all there is.
      if (claimed > 0 && claimed === most) continue;
      if (spentMs >= costlyMs) await breath.sleep(Math.min(pausesEach * spentMs, idleMs));
      while (!stopped && !(await doze.sleep(eagerMs[eager++] ?? idleMs)));
    }
    await giveBack(room.takeParked(0));
  };

  const wakeUp = () => {
    doze.wake(true);
    breath.wake(true);
  };
  room.onRoom(wakeUp);
  const looping = loop();
  return {
    expect() {
      eager = 0;
      expected = true;
      doze.wake(false);
    },
    look: () => doze.wake(true),
    async [Symbol.asyncDispose]() {
      stopped = true;
      wakeUp();
      await looping;
      await room.empty();
    },
  };
}

/** A pause that can be ended, also ahead of time. */
function createDoze(clock: Clock) {
  let wakeUp: (() => void) | undefined;
  let woken = false;
  let isDue = false;
  return {
    /** Ends the pause: because there may be something to do, or only for another span. */
    wake(due: boolean) {
      woken = true;
      isDue ||= due;
      wakeUp?.();
    },
    /** Resolves with whether there may be something to do. */
    async sleep(spanMs: number): Promise<boolean> {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(spanMs, () => {
            isDue = true;
            resolve();
          });
          wakeUp = () => {
            cancel();
            resolve();
          };
        });
      }
      const due = isDue;
      wakeUp = undefined;
      woken = false;
      isDue = false;
      return due;
    },
  };
}
