import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { createEndpointStore } from '../store/endpoints.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { type DiskSpace, type RoomOptions, watchRoom } from './room.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const mib = 1_048_576;

/** A disk whose room is what the test says. */
function disk(totalMb: number, freeMb: number) {
  let look = async (_directory: string): Promise<DiskSpace> => ({
    totalBytes: totalMb * mib,
    freeBytes: freeMb * mib,
  });
  return {
    holds: (free: number) => {
      look = async () => ({ totalBytes: totalMb * mib, freeBytes: free * mib });
    },
    fails: () => {
      look = async () => {
        throw new Error('EIO');
      };
    },
    measureDisk: (directory: string) => look(directory),
  };
}

function watch(options: Partial<RoomOptions>) {
  const clock = manualClock(noon);
  const places = [{ name: 'database', directory: '/data' }];
  return { clock, opening: watchRoom({ database, clock, places, ...options }) };
}

const full = 'The disk of the database is nearly full.';

test('a large disk is full below 200 MiB, and has room again when it has', async () => {
  const { measureDisk, holds } = disk(100_000, 199);
  const { clock, opening } = watch({ measureDisk });
  await using room = await opening;
  expect(room.disk()).toBe(full);
  holds(200);
  expect(room.disk()).toBe(full);
  await clock.advance(5_000);
  expect(room.disk()).toBeUndefined();
});

test('a small disk is full below 5 % of it', async () => {
  const { measureDisk, holds } = disk(1_000, 50);
  const { clock, opening } = watch({ measureDisk });
  await using room = await opening;
  expect(room.disk()).toBeUndefined();
  holds(49);
  await clock.advance(5_000);
  expect(room.disk()).toBe(full);
});

test('a disk that cannot be measured is no reason to refuse, and does not hide another', async () => {
  const { measureDisk, fails } = disk(1_000, 1);
  const { clock, opening } = watch({ measureDisk });
  await using room = await opening;
  expect(room.disk()).toBe(full);
  fails();
  await clock.advance(5_000);
  expect(room.disk()).toBeUndefined();

  const places = [
    { name: 'database', directory: '/nowhere' },
    { name: 'checkpoints', directory: '/full' },
  ];
  const measure = async (directory: string) => {
    if (directory === '/nowhere') throw new Error('ENOENT');
    return { totalBytes: 1_000, freeBytes: 0 };
  };
  await using other = await watch({ places, measureDisk: measure }).opening;
  expect(other.disk()).toBe('The disk of the checkpoints is nearly full.');
});

test('a disk that need have no room has enough', async () => {
  const { measureDisk } = disk(1_000, 0);
  await using room = await watch({ measureDisk, limits: { minFreeBytes: 0 } }).opening;
  expect(room.disk()).toBeUndefined();
});

test('pending deliveries are counted over the fleet', async () => {
  await createEndpointStore(database, masterKey).create({ url: 'https://idp.example', secret: 'whsec_x' }, noon);
  await using attempts = createAttemptStore({ database, masterKey, owner: 'test' });
  const letIn = async () => {
    const attemptId = newAttemptId();
    await attempts.recordIntent({ attemptId, payload, nowMs: noon });
    await attempts.recordOutcome(admitted(attemptId), noon);
  };
  const { clock, opening } = watch({ places: [], limits: { maxPendingDeliveries: 1 } });
  await using room = await opening;
  await letIn();
  await clock.advance(5_000);
  expect(room.backlog()).toBeUndefined();
  await letIn();
  await clock.advance(5_000);
  await expect.poll(room.backlog).toBe('Too many webhooks wait for their receivers.');
  await database.query("update guestpass.deliveries set state = 'delivered', next_at = null");
  // The look before must have ended for the next one to be planned.
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(5_000);
  await expect.poll(room.backlog).toBeUndefined();
});
