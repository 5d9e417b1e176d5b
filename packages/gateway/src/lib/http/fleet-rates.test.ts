import * as fc from 'fast-check';
import { type Clock, systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createFleetRates, leaseOf, type SharedCount, type SharedCounts } from './fleet-rates.ts';
import type { Rate, RateStore } from './rate-store.ts';

const rateOf = (limit: number, key = 'k'): Rate => ({ key, limit });

/** Counts that a test can keep from answering. */
function sharedCounts() {
  const counts = new Map<string, SharedCount>();
  const state = { answers: async () => {}, calls: 0 };
  const shared: SharedCounts = {
    async add(added, sinceMs) {
      state.calls += 1;
      await state.answers();
      for (const { key, slotAt, count } of added) {
        const name = `${key} ${slotAt}`;
        counts.set(name, { key, slotAt, count: count + (counts.get(name)?.count ?? 0) });
      }
      const keys = new Set(added.map(({ key }) => key));
      return [...counts.values()].filter(({ key, slotAt }) => keys.has(key) && slotAt >= sinceMs);
    },
  };
  return { state, shared };
}

function fleet(count: number, { shared }: { shared: SharedCounts }, clock: Clock = systemClock) {
  return Array.from({ length: count }, () => createFleetRates({ clock, shared }));
}

async function allowedOf(stores: readonly RateStore[], times: number, rate: Rate): Promise<number> {
  const taken = await Promise.all(
    Array.from({ length: times }, async (_, index) => (await stores[index % stores.length]?.take([rate]))?.[0]),
  );
  return taken.filter((reading) => reading?.allowed).length;
}

const endAll = (stores: readonly AsyncDisposable[]) => Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));

test('three processes allow one limit together, and a lease each more at most', async () => {
  const stores = fleet(3, sharedCounts());
  for (const limit of [1, 10, 60, 600]) {
    const allowed = await allowedOf(stores, 3 * limit + 30, rateOf(limit, `limit ${limit}`));
    expect(allowed).toBeGreaterThanOrEqual(limit);
    expect(allowed).toBeLessThanOrEqual(limit + 3 * leaseOf(limit));
  }
  await endAll(stores);
});

test('a caller who comes once costs no question, and one who comes often few', async () => {
  const { state, shared } = sharedCounts();
  const [store] = fleet(1, { shared });
  for (let index = 0; index < 200; index += 1) await store?.take([rateOf(10, `caller ${index}`), rateOf(6_000, 'all')]);
  expect(state.calls).toBeLessThanOrEqual(2);
  await store?.[Symbol.asyncDispose]();
});

test('what others used is known before the lease is used up again', async () => {
  const [one, two] = fleet(2, sharedCounts());
  for (let index = 0; index < 10; index += 1) await one?.take([rateOf(10)]);
  await two?.take([rateOf(10)]);
  expect(await two?.take([rateOf(10)])).toMatchObject([{ allowed: false }]);
  await endAll([one, two].flatMap((store) => store ?? []));
});

test('while the shared counts fail each process holds callers to the whole limit, and asks again', async () => {
  const { state, shared } = sharedCounts();
  const clock = manualClock();
  const told: unknown[] = [];
  await using store = createFleetRates({ clock, shared, onDegraded: (error) => told.push(error) });
  state.answers = () => Promise.reject(new Error('down'));
  expect(await allowedOf([store], 15, rateOf(10))).toBe(10);
  expect(told).toHaveLength(1);
  state.answers = async () => {};
  await clock.advance(1_000);
  const other = createFleetRates({ clock, shared });
  await other.take([rateOf(10)]);
  expect(await other.take([rateOf(10)])).toMatchObject([{ allowed: false }]);
  await other[Symbol.asyncDispose]();
});

test('nobody waits long for shared counts that hang', async () => {
  const { state, shared } = sharedCounts();
  const clock = manualClock();
  const hanging = Promise.withResolvers<void>();
  const store = createFleetRates({ clock, shared, patienceMs: 250 });
  state.answers = () => hanging.promise;
  await store.take([rateOf(10)]);
  const waiting = store.take([rateOf(10)]);
  await clock.advance(250);
  expect(await waiting).toMatchObject([{ allowed: true }]);
  expect(await allowedOf([store], 15, rateOf(10))).toBe(8);
  hanging.resolve();
  await store[Symbol.asyncDispose]();
});

test('a minute of a fleet, wherever it begins, holds the limit and a lease for each process at most', async () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 12_000 }), fc.boolean()), { minLength: 1, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 8 }), async (calls, limit) => {
      const clock = manualClock();
      const stores = fleet(2, sharedCounts(), clock);
      const allowedAt: number[] = [];
      for (const [span, first] of calls) {
        await clock.advance(span);
        const [reading] = (await stores[first ? 0 : 1]?.take([rateOf(limit)])) ?? [];
        if (reading?.allowed) allowedAt.push(clock.monotonic());
      }
      for (const from of allowedAt) {
        const within = allowedAt.filter((at) => at >= from && at < from + 60_000).length;
        expect(within).toBeLessThanOrEqual(limit + 2 * leaseOf(limit));
      }
      await endAll(stores);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 40 },
  );
});
