import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createPlatformTurns } from './platform-turns.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const turnsOf = (client: string) => createPlatformTurns({ database, masterKey, client, intervalMs: 200 });

test('turns of one client follow each other, whoever takes them, and none is given twice', async () => {
  const gateways = [turnsOf('client-a'), turnsOf('client-a')];
  const firsts = await Promise.all(Array.from({ length: 20 }, (_, index) => gateways[index % 2]?.lease(5, noon)));
  const sorted = firsts.map((at) => (at ?? 0) - noon).sort((a, b) => a - b);
  expect(sorted).toEqual(Array.from({ length: 20 }, (_, index) => index * 1_000));
});

test('turns that nobody took are gone, and another client has turns of its own', async () => {
  expect(await turnsOf('client-b').lease(5, noon)).toBe(noon);
  expect(await turnsOf('client-b').lease(5, noon + 60_000)).toBe(noon + 60_000);
  expect(await turnsOf('client-c').lease(5, noon)).toBe(noon);
});

test('a gateway whose clock ran ahead does not keep the others waiting', async () => {
  const [ahead, right] = [turnsOf('client-d'), turnsOf('client-d')];
  await ahead.lease(5, noon + 3_600_000);
  expect(await right.lease(5, noon)).toBe(noon);
  expect(await right.lease(5, noon)).toBe(noon + 1_000);
});
