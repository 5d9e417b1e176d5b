import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChainHead,
  generateCheckpointKey,
  genesis,
  readAuditLines,
  verifyAuditLog,
  verifyCheckpoints,
} from 'guestpass/audit';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { createAuditStore } from '../store/audit.ts';
import { masterKey, noon } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { type SealerOptions, startSealer } from './sealer.ts';

const key = generateCheckpointKey();
const minute = 60_000;

const headAt = (sequence: number): ChainHead => ({ sequence, hash: String(sequence).padStart(64, '0') });

/** A log whose head is what the test says, and a place for its checkpoints. */
async function scene(start: ChainHead = genesis) {
  const folder = await mkdtemp(join(tmpdir(), 'guestpass-sealer-'));
  const path = join(folder, 'checkpoints.jsonl');
  const clock = manualClock(noon);
  const problems: unknown[] = [];
  let head: () => Promise<ChainHead> = async () => start;
  const log = {
    stands: (next: ChainHead) => {
      head = async () => next;
    },
    fails: () => {
      head = async () => {
        throw new Error('The database is away.');
      };
    },
  };
  return {
    path,
    clock,
    problems,
    log,
    start: (change: Partial<SealerOptions> = {}) =>
      startSealer({
        audit: { head: () => head() },
        path,
        origin: 'log-1',
        key,
        clock,
        onProblem: (error) => problems.push(error),
        ...change,
      }),
    /** The sequences of the checkpoints on the disk, whose signatures and order are sound. */
    async sealed() {
      expect(await verifyCheckpoints(readAuditLines(path), { publicKeys: [key] })).toMatchObject({ ok: true });
      return (await Array.fromAsync(readAuditLines(path))).map((line): number => JSON.parse(line).sequence);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** Waits until the disk has what the clock asked for: files know nothing of the test's clock. */
async function stands(sealed: () => Promise<readonly number[]>, sequences: readonly number[]): Promise<void> {
  await expect.poll(sealed).toEqual(sequences);
}

test('a checkpoint is written at once, and one at the end', async () => {
  await using place = await scene(headAt(3));
  const sealer = await place.start();
  await stands(place.sealed, [3]);
  place.log.stands(headAt(4));
  await sealer[Symbol.asyncDispose]();
  await sealer[Symbol.asyncDispose]();
  expect(await place.sealed()).toEqual([3, 4]);
  expect(sealer.last).toMatchObject({ sequence: 4, origin: 'log-1' });
  expect(place.clock.pending).toBe(0);
  expect(place.problems).toEqual([]);
});

test('every thousand records have a checkpoint', async () => {
  await using place = await scene();
  await using _ = await place.start();
  await stands(place.sealed, [0]);
  await expect.poll(() => place.clock.pending).toBe(1);
  place.log.stands(headAt(999));
  await place.clock.advance(5_000);
  expect(await place.sealed()).toEqual([0]);
  place.log.stands(headAt(1_000));
  await place.clock.advance(1_000);
  await stands(place.sealed, [0, 1_000]);
});

test('an idle log has a checkpoint every ten minutes', async () => {
  await using place = await scene(headAt(7));
  await using _ = await place.start();
  await stands(place.sealed, [7]);
  await expect.poll(() => place.clock.pending).toBe(1);
  await place.clock.advance(9 * minute);
  expect(await place.sealed()).toEqual([7]);
  await place.clock.advance(minute);
  await stands(place.sealed, [7, 7]);
});

test('the chain of checkpoints goes on after a restart', async () => {
  await using place = await scene(headAt(5));
  {
    await using _ = await place.start();
  }
  place.log.stands(headAt(9));
  {
    await using _ = await place.start();
  }
  expect(await place.sealed()).toEqual([5, 5, 9, 9]);
});

test('while the log cannot be read, trouble is told, and caught up with later', async () => {
  await using place = await scene(headAt(5));
  await using _ = await place.start();
  await stands(place.sealed, [5]);
  await expect.poll(() => place.clock.pending).toBe(1);
  place.log.fails();
  await place.clock.advance(25_000);
  expect(place.problems.map(String)).toEqual(Array(3).fill('Error: The database is away.'));
  place.log.stands(headAt(4_000));
  await place.clock.advance(10_000);
  await stands(place.sealed, [5, 4_000]);
});

test('a log that was cut off or rewritten gets no signature, and is told of at once', async () => {
  await using place = await scene(headAt(5));
  await using _ = await place.start();
  await stands(place.sealed, [5]);
  await expect.poll(() => place.clock.pending).toBe(1);
  for (const head of [headAt(4), { ...headAt(5), hash: 'ab'.repeat(32) }]) {
    place.problems.length = 0;
    place.log.stands(head);
    await place.clock.advance(11_000);
    expect(place.problems[0]).toMatchObject({ code: 'storage_unavailable', retryable: false });
  }
  expect(await place.sealed()).toEqual([5]);
});

test('trouble at the end is told, and the file is closed all the same', async () => {
  await using place = await scene(headAt(5));
  const sealer = await place.start();
  await stands(place.sealed, [5]);
  place.log.fails();
  await sealer[Symbol.asyncDispose]();
  expect(place.problems.map(String)).toEqual(['Error: The database is away.']);
  await using _ = await place.start();
});

test('a change of keys is told before anything else is sealed, by the next process when this one cannot', async () => {
  await using place = await scene(headAt(5));
  {
    await using _ = await place.start();
  }
  const next = { key: generateCheckpointKey(), previousKey: key };
  const change = { from: key.kid, to: next.key.kid, sequence: 5 };
  const told: unknown[] = [];
  {
    const onKeyChange = async () => {
      throw new Error('The database is away.');
    };
    const sealer = await place.start({ ...next, onKeyChange });
    await expect.poll(() => place.problems.length).toBe(1);
    await sealer[Symbol.asyncDispose]();
    expect(sealer.last).toMatchObject({ kid: key.kid, nextKid: next.key.kid });
  }
  const onKeyChange = async (found: unknown) => void told.push(found);
  {
    await using _ = await place.start({ ...next, onKeyChange });
  }
  expect(told).toEqual([change]);
  {
    await using _ = await place.start({ ...next, onKeyChange });
  }
  expect(told).toEqual([change]);
});

test('a file that cannot be gone on with ends the start', async () => {
  await using place = await scene(headAt(5));
  {
    await using _ = await place.start();
  }
  await expect(place.start({ origin: 'log-2' })).rejects.toMatchObject({ code: 'storage_unavailable' });
  await expect(place.start({ key: generateCheckpointKey() })).rejects.toMatchObject({ code: 'storage_unavailable' });
});

test('two gateways on one database vouch for one log, each in a file of its own', async () => {
  await using database = await testDatabase();
  await using store = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  const audit = createAuditStore(database, masterKey);
  await using first = await scene();
  await using second = await scene();
  const write = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        store.recordEvent({ eventType: 'OPERATOR_TEST', timestamp: new Date(noon).toISOString() }, noon),
      ),
    );
  const lines = () => Array.fromAsync(audit.read(), ({ line }) => line);
  const check = async (changed: readonly string[]) =>
    await verifyAuditLog(changed, {
      checkpoints: { files: [readAuditLines(first.path), readAuditLines(second.path)], publicKeys: [key] },
    });

  await write(20);
  {
    await using _ = await first.start({ audit });
    await stands(first.sealed, [20]);
    await write(20);
    await using __ = await second.start({ audit });
    await stands(second.sealed, [40]);
    await write(5);
  }
  const whole = await lines();
  expect(await check(whole)).toMatchObject({ ok: true, records: 45, checkpoints: { met: 4, upTo: 45 } });
  expect(await check(whole.slice(0, 42))).toMatchObject({ kind: 'truncated', sequence: 43 });
  expect([...first.problems, ...second.problems]).toEqual([]);
});
