import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createRateCounts } from './rate-counts.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const at = (slot: number) => noon + slot * 5_000;

test('what two gateways add is counted together, slot by slot', async () => {
  const [one, two] = [createRateCounts(database, masterKey), createRateCounts(database, masterKey)];
  expect(await one.add([{ key: 'a', slotAt: at(0), count: 3 }], at(0))).toEqual([
    { key: 'a', slotAt: at(0), count: 3 },
  ]);
  const told = [
    { key: 'a', slotAt: at(1), count: 2 },
    { key: 'b', slotAt: at(1), count: 1 },
  ];
  const all = await two.add(told, at(0));
  expect(all).toHaveLength(3);
  expect(all).toEqual(expect.arrayContaining([{ key: 'a', slotAt: at(0), count: 3 }, ...told]));
  expect(await one.add([{ key: 'a', slotAt: at(1), count: 1 }], at(1))).toEqual([
    { key: 'a', slotAt: at(1), count: 3 },
  ]);
});

test('of additions at the same time none is lost, and they do not wait for each other in a circle', async () => {
  const gateways = [createRateCounts(database, masterKey), createRateCounts(database, masterKey)];
  const keys = ['x', 'y', 'z'];
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const turned = index % 2 === 0 ? keys : keys.toReversed();
      return gateways[index % 2]?.add(
        turned.map((key) => ({ key, slotAt: at(0), count: 1 })),
        at(0),
      );
    }),
  );
  const counted = await gateways[0]?.add([{ key: 'x', slotAt: at(0), count: 0 }], at(0));
  expect(counted).toEqual([{ key: 'x', slotAt: at(0), count: 40 }]);
});

test('no key stands in the database as it is, and old counts are cleared away', async () => {
  const counts = createRateCounts(database, masterKey);
  await counts.add([{ key: 'address 192.0.2.77/32', slotAt: at(9), count: 1 }], at(0));
  const shown = await database.query(`select encode(key, 'escape') as key from guestpass.rate_counts`);
  expect(JSON.stringify(shown)).not.toContain('192.0.2');
  await counts.forget(at(9));
  const left = await database.query('select count from guestpass.rate_counts');
  expect(left).toEqual([{ count: 1 }]);
});
