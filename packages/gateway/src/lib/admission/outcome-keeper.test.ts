import { GuestpassError } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AttemptStore, createAttemptStore } from '../store/attempts.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createOutcomeKeeper } from './outcome-keeper.ts';

let database: TestDatabase;
let attempts: AttemptStore;

beforeAll(async () => {
  database = await testDatabase();
  attempts = createAttemptStore({ database, masterKey, owner: 'one' });
});

afterAll(async () => {
  await attempts?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const away = () => new GuestpassError('storage_unavailable', 'The database did not answer.');

/** The store, behind a connection that fails `failures` times, before the record is written or after it. */
function shaky(failures: number, when: 'before' | 'after' = 'before') {
  let left = failures;
  const calls: number[] = [];
  const recordOutcome: AttemptStore['recordOutcome'] = async (attempt, nowMs) => {
    calls.push(nowMs);
    left -= 1;
    if (left >= 0 && when === 'before') throw away();
    const first = await attempts.recordOutcome(attempt, nowMs);
    if (left >= 0) throw away();
    return first;
  };
  return { calls, store: { recordOutcome, get: attempts.get } };
}

async function intended(): Promise<string> {
  const attemptId = newAttemptId();
  await attempts.recordIntent({ attemptId, payload, nowMs: noon });
  return attemptId;
}

/** Real time for the database, and ours in steps. */
async function advanceUntil(clock: ReturnType<typeof manualClock>, done: Promise<unknown>): Promise<void> {
  let isOver = false;
  void done.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  while (!isOver) {
    await database.query('select 1');
    await clock.advance(50);
  }
}

test('an outcome that cannot be recorded at first is recorded when the database is back', async () => {
  const clock = manualClock(noon);
  const { calls, store } = shaky(3);
  const problems: unknown[] = [];
  await using keeper = createOutcomeKeeper({
    attempts: store,
    clock,
    leaseMs: 60_000,
    onProblem: (p) => problems.push(p),
  });
  const id = await intended();
  const kept = keeper.keep(admitted(id), 10_000);
  await advanceUntil(clock, kept);
  expect(await kept).toBe(true);
  expect(calls).toEqual([noon, noon, noon, noon]);
  expect((await attempts.get(id))?.status).toBe('admitted');
  expect(problems).toEqual([]);
});

test('an outcome that was recorded although nobody said so counts as the first one', async () => {
  const clock = manualClock(noon);
  const { store } = shaky(1, 'after');
  await using keeper = createOutcomeKeeper({ attempts: store, clock, leaseMs: 60_000 });
  const kept = keeper.keep(admitted(await intended()), 10_000);
  await advanceUntil(clock, kept);
  expect(await kept).toBe(true);
});

test('who waits is told in time, and the outcome is recorded later all the same', async () => {
  const clock = manualClock(noon);
  const { store } = shaky(8);
  await using keeper = createOutcomeKeeper({ attempts: store, clock, leaseMs: 60_000 });
  const id = await intended();
  const kept = keeper.keep(admitted(id), 1_000);
  await advanceUntil(clock, kept);
  await expect(kept).rejects.toMatchObject({ code: 'storage_unavailable', attemptId: id });
  const recorded = async () => {
    while ((await attempts.get(id))?.status !== 'admitted') await clock.advance(100);
  };
  await recorded();
});

test('after the lease others decide, and it is told that the outcome is lost', async () => {
  const clock = manualClock(noon);
  const { calls, store } = shaky(1_000);
  const problems: unknown[] = [];
  await using keeper = createOutcomeKeeper({
    attempts: store,
    clock,
    leaseMs: 5_000,
    onProblem: (p) => problems.push(p),
  });
  const id = await intended();
  const kept = keeper.keep(admitted(id), 60_000);
  await advanceUntil(clock, kept);
  await expect(kept).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(clock.monotonic()).toBeLessThan(5_000);
  expect(calls.length).toBeGreaterThan(5);
  expect(problems).toMatchObject([{ code: 'storage_unavailable', attemptId: id }]);
});

test('at the end every outcome is tried once more, and nothing is waited for', async () => {
  const clock = manualClock(noon);
  const { store } = shaky(1);
  const keeper = createOutcomeKeeper({ attempts: store, clock, leaseMs: 60_000 });
  const id = await intended();
  const kept = keeper.keep(admitted(id), 10_000);
  await clock.advance(0);
  await keeper[Symbol.asyncDispose]();
  expect(await kept).toBe(true);
  expect(clock.pending).toBe(0);
});
