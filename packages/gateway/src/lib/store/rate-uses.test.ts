import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createRateUses } from './rate-uses.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

/** Uses whose clock stands still, so many slots of five seconds after noon. */
const usesAt = (slots: number) =>
  createRateUses({ database, masterKey, now: () => sql<Date>`${new Date(noon + slots * 5_000 + 1_000)}::timestamptz` });

const slotAt = (slots: number) => noon / 5_000 + slots;

/** Slot by slot, the last one first. */
const latest = (uses: readonly number[] = []) => uses.toReversed();

test('what two gateways use is counted together, slot by slot, until its slot is a window ago', async () => {
  expect(await usesAt(0).change([{ key: 'a', more: 3 }])).toEqual([
    { key: 'a', slot: slotAt(0), leftMs: expect.closeTo(4_000, 2), uses: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3] },
  ]);
  const changed = await usesAt(2).change([
    { key: 'a', more: 2 },
    { key: 'b', more: 1 },
  ]);
  expect(new Map(changed.map(({ key, uses }) => [key, latest(uses).slice(0, 3)]))).toEqual(
    new Map([
      ['a', [2, 0, 3]],
      ['b', [1, 0, 0]],
    ]),
  );
  const [late] = await usesAt(12).change([{ key: 'a', more: 0 }]);
  expect(late?.uses).toEqual([3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const [later] = await usesAt(13).change([{ key: 'a', more: 0 }]);
  expect(later?.uses).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const [latestOfAll] = await usesAt(99).change([{ key: 'a', more: 1 }]);
  expect(latestOfAll?.uses).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test('uses are taken back where they were counted, and never more than there are', async () => {
  await usesAt(0).change([{ key: 'c', more: 5 }]);
  const [one] = await usesAt(1).change([{ key: 'c', more: 2, back: { slot: slotAt(0), count: 4 } }]);
  expect(latest(one?.uses).slice(0, 3)).toEqual([2, 1, 0]);
  const [two] = await usesAt(1).change([{ key: 'c', more: 0, back: { slot: slotAt(1), count: 9 } }]);
  expect(latest(two?.uses).slice(0, 3)).toEqual([0, 1, 0]);
  const [three] = await usesAt(1).change([{ key: 'c', more: 0, back: { slot: slotAt(-40), count: 9 } }]);
  expect(latest(three?.uses).slice(0, 3)).toEqual([0, 1, 0]);
  const [unknown] = await usesAt(1).change([{ key: 'd', more: 1, back: { slot: slotAt(0), count: 9 } }]);
  expect(latest(unknown?.uses).slice(0, 3)).toEqual([1, 0, 0]);
  const [known] = await usesAt(1).change([{ key: 'd', more: 0, back: undefined }]);
  expect(latest(known?.uses).slice(0, 3)).toEqual([1, 0, 0]);
});

test('a clock that is set back a little frees nothing, and by more than a window begins anew', async () => {
  await usesAt(5).change([{ key: 'e', more: 7 }]);
  const [little] = await usesAt(3).change([{ key: 'e', more: 1 }]);
  expect([little?.slot, latest(little?.uses).slice(0, 3)]).toEqual([slotAt(5), [8, 0, 0]]);
  const [much] = await usesAt(-60).change([{ key: 'e', more: 1 }]);
  expect([much?.slot, latest(much?.uses)]).toEqual([slotAt(-60), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
});

test('of changes at the same time none is lost, each sees another count, and none waits in a circle', async () => {
  const gateways = [createRateUses({ database, masterKey }), createRateUses({ database, masterKey })];
  const keys = ['x', 'y', 'z'];
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const turned = index % 2 === 0 ? keys : keys.toReversed();
      return gateways[index % 2]?.change(turned.map((key) => ({ key, more: 1 })));
    }),
  );
  const seen = answers.flatMap((uses = []) => uses.filter(({ key }) => key === 'x'));
  const totals = seen.map(({ uses }) => uses.reduce((sum, count) => sum + count));
  expect(totals.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

test('no key stands in the database as it is, and keys of which nothing counts are cleared away', async () => {
  await database.query('truncate guestpass.rate_uses');
  await usesAt(0).change([{ key: 'address 192.0.2.77/32', more: 1 }]);
  await usesAt(1).change([{ key: 'address 192.0.2.78/32', more: 1 }]);
  const shown = await database.query(`select encode(key, 'escape') as key, key::text as hex from guestpass.rate_uses`);
  expect(JSON.stringify(shown)).not.toContain('192.0.2');
  await usesAt(12).forget();
  expect(await database.query('select slot from guestpass.rate_uses')).toHaveLength(2);
  await usesAt(13).forget();
  expect(await database.query('select slot from guestpass.rate_uses')).toEqual([{ slot: `${slotAt(1)}` }]);
});
