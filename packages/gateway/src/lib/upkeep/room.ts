import { statfs } from 'node:fs/promises';
import type { Clock } from 'guestpass';
import type { Database } from '../database/connect.ts';
import { measuredPressure, type Pressure } from '../http/pressures.ts';
import { countPending } from '../store/pending.ts';
import { startUpkeep } from './upkeep.ts';

/** How little room may be left; below it guests are refused with `overloaded`. */
export interface RoomLimits {
  /** Deliveries that may be pending. Default 100,000. */
  readonly maxPendingDeliveries: number;
  /** Bytes that must be free on each disk; 5 % of a disk will do where that is less. 0: none. Default 200 MiB. */
  readonly minFreeBytes: number;
}

/** A directory whose disk must have room. */
export interface DiskPlace {
  /** What is kept there, as guests and operators may read it: `database`. */
  readonly name: string;
  readonly directory: string;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Looks how much room the disk of a directory has. Rejects when that cannot be told. */
export type MeasureDisk = (directory: string) => Promise<DiskSpace>;

export interface RoomOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly limits?: Partial<RoomLimits>;
  /** Default none. */
  readonly places?: readonly DiskPlace[];
  /** Default: the system is asked. */
  readonly measureDisk?: MeasureDisk | undefined;
}

/** What is left for more guests, as it was when last looked at. What could not be measured is no reason to refuse. */
export interface Room extends AsyncDisposable {
  /** Felt while more webhooks wait than may. */
  readonly backlog: Pressure;
  /** Felt while a disk is nearly full. */
  readonly disk: Pressure;
}

const everyMs = 5_000;
const enoughShare = 0.05;

/** Looks at once, and every five seconds from then on. */
export async function watchRoom(options: RoomOptions): Promise<Room> {
  const { database, clock, places = [], limits = {}, measureDisk = measureSystemDisk } = options;
  const { maxPendingDeliveries = 100_000, minFreeBytes = 200 * 1_048_576 } = limits;
  const backlog = measuredPressure(async () => {
    const pending = await database.run((session) => countPending(session, maxPendingDeliveries + 1));
    return pending > maxPendingDeliveries ? 'Too many webhooks wait for their receivers.' : undefined;
  });
  const disks = places.map(({ name, directory }) =>
    measuredPressure(async () => {
      const { freeBytes, totalBytes } = await measureDisk(directory);
      const least = Math.min(minFreeBytes, enoughShare * totalBytes);
      return freeBytes < least ? `The disk of the ${name} is nearly full.` : undefined;
    }),
  );
  const measured = [backlog, ...disks];
  await Promise.all(measured.map(({ measure }) => measure()));
  // Each by itself: a database that does not answer hides no full disk. None of them fails.
  const chores = measured.map(({ measure: run }) => ({ everyMs, run }));
  const upkeep = startUpkeep({ clock, chores, onProblem() {} });
  return {
    backlog: backlog.felt,
    disk: () => disks.map(({ felt }) => felt()).find((found) => found !== undefined),
    [Symbol.asyncDispose]: () => upkeep[Symbol.asyncDispose](),
  };
}

async function measureSystemDisk(directory: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
