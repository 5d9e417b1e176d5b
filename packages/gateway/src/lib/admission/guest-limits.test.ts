import * as fc from 'fast-check';
import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFleetRates, type FleetRates } from '../http/fleet-rates.ts';
import { createRateLimits } from '../http/rate-limits.ts';
import type { RateStore } from '../http/rate-store.ts';
import { createRateUses } from '../store/rate-uses.ts';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';

// Four gateways, one PostgreSQL, one limit.

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const patienceMs = 30_000;

/** Gateways whose own clocks agree about nothing. */
function fleet(): readonly FleetRates[] {
  return [0, 3_600_000, -86_400_000, 12_345].map((aheadMs) => {
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    return createFleetRates({ clock, shared: createRateUses({ database, masterKey }), patienceMs });
  });
}

async function allowedOf(stores: readonly RateStore[], times: number, limit: number): Promise<number> {
  const rates = [{ key: `limit ${limit}`, limit }];
  const taken = await Promise.all(
    Array.from({ length: times }, async (_, index) => (await stores[index % stores.length]?.take(rates)) ?? []),
  );
  return taken.filter(([reading]) => reading?.allowed).length;
}

const endAll = (stores: readonly FleetRates[]) => Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));

test('four gateways that are asked at once allow the limit together, whatever their clocks say', async () => {
  const stores = fleet();
  expect(await allowedOf(stores, 20, 1)).toBe(1);
  expect(await allowedOf(stores, 60, 10)).toBe(10);
  expect(await allowedOf(stores, 200, 60)).toBe(60);
  // The last uses of a large limit may be held ahead by somebody else.
  const allowed = await allowedOf(stores, 1_200, 600);
  expect(allowed).toBeGreaterThanOrEqual(560);
  expect(allowed).toBeLessThanOrEqual(600);
  await endAll(stores);
});

test('four gateways that are asked one after the other allow the limit together', async () => {
  const stores = fleet();
  await database.query('truncate guestpass.rate_uses');
  let [small, large] = [0, 0];
  for (let index = 0; index < 80; index += 1) {
    const asked = stores.slice(index % 4, (index % 4) + 1);
    small += await allowedOf(asked, 1, 10);
    large += await allowedOf(asked, 1, 60);
  }
  expect([small, large]).toEqual([10, 60]);
  await endAll(stores);
});

test('no minute of four gateways, wherever it begins, holds more than the limit', async () => {
  const call = fc.tuple(fc.integer({ min: 0, max: 15_000 }), fc.nat({ max: 3 }), fc.integer({ min: 1, max: 12 }));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 30 }),
      fc.constantFrom(1, 10, 60),
      async (calls, limit) => {
        const clock = manualClock(noon);
        const now = () => sql<Date>`${new Date(clock.now())}::timestamptz`;
        const shared = createRateUses({ database, masterKey, now });
        const stores = Array.from({ length: 4 }, () => createFleetRates({ clock, shared, patienceMs, pauseMs: 0 }));
        run += 1;
        const rates = [{ key: `run ${run}`, limit }];
        const allowedAt: number[] = [];
        for (const [span, which, crowd] of calls) {
          await clock.advance(span);
          const taken = await Promise.all(Array.from({ length: crowd }, async () => await stores[which]?.take(rates)));
          for (const readings of taken) if (readings?.every(({ allowed }) => allowed)) allowedAt.push(clock.now());
        }
        for (const from of allowedAt) {
          expect(allowedAt.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(limit);
        }
        await endAll(stores);
      },
    ),
    { numRuns: 15 },
  );
}, 30_000);

test('a flood from one address at four gateways leaves its network to its neighbors', async () => {
  await database.query('truncate guestpass.rate_uses');
  const stores = fleet();
  const limits = stores.map((store) =>
    createRateLimits({ store, rates: { address: 10, subnet: 60, channel: 600, total: 3_000 } }),
  );
  const ask = async (address: string, times: number) => {
    const answers = await Promise.all(
      Array.from({ length: times }, (_, index) => limits[index % limits.length]?.ofCaller(address)),
    );
    return answers.filter((answer) => answer?.refusal === undefined).length;
  };
  expect(await ask('192.0.2.1', 400)).toBe(10);
  expect(await ask('192.0.2.1', 400)).toBe(0);
  const neighbors = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(`192.0.2.${index + 2}`, 1)));
  const allowed = neighbors.reduce((sum, each) => sum + each);
  // One use of the network for each gateway may still be on its way back.
  expect(allowed).toBeGreaterThanOrEqual(46);
  expect(allowed).toBeLessThanOrEqual(50);
  await endAll(stores);
});
