import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createPlatformTurns } from './platform-turns.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const turnsOf = (client: string, atMs = noon) =>
  createPlatformTurns({
    database,
    masterKey,
    client,
    intervalMs: 200,
    now: () => sql<Date>`${new Date(atMs)}::timestamptz`,
  });

test('turns of one client follow each other, whoever takes them, and none is given twice', async () => {
  const gateways = [turnsOf('client-a'), turnsOf('client-a')];
  const waits = await Promise.all(Array.from({ length: 20 }, (_, index) => gateways[index % 2]?.lease(5)));
  const sorted = waits.map((wait = Number.NaN) => wait).sort((a, b) => a - b);
  expect(sorted).toEqual(Array.from({ length: 20 }, (_, index) => index * 1_000));
});

test('turns that nobody took are gone, and another client has turns of its own', async () => {
  expect(await turnsOf('client-b').lease(5)).toBe(0);
  expect(await turnsOf('client-b', noon + 60_000).lease(5)).toBe(0);
  expect(await turnsOf('client-b', noon + 60_000).lease(5)).toBe(1_000);
  expect(await turnsOf('client-c').lease(5)).toBe(0);
});

test('a clock that is set back keeps nobody waiting', async () => {
  await turnsOf('client-d', noon + 3_600_000).lease(5);
  expect(await turnsOf('client-d').lease(5)).toBe(0);
  expect(await turnsOf('client-d').lease(5)).toBe(1_000);
});

test('the clock is that of the database', async () => {
  const turns = createPlatformTurns({ database, masterKey, client: 'client-e', intervalMs: 200 });
  expect(await turns.lease(5)).toBe(0);
  const wait = await turns.lease(5);
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(1_000);
});
