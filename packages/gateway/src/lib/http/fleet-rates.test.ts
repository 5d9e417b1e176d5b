import * as fc from 'fast-check';
import { type Clock, systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createFleetRates, type FleetRates, type FleetRatesOptions } from './fleet-rates.ts';
import type { Rate, RateStore } from './rate-store.ts';
import type { SharedCounts } from './shared-uses.ts';

const rateOf = (limit: number, key = 'k'): Rate => ({ key, limit });
const slotMs = 5_000;

/** Counts that a test can keep from answering; their clock is a minute and a bit ahead of everybody's. */
function sharedCounts(clock: Clock = systemClock) {
  const counts = new Map<string, Map<number, number>>();
  const state = { answers: async () => {}, calls: 0, keys: [] as string[] };
  const usesOf = (key: string) => {
    const uses = counts.get(key) ?? new Map<number, number>();
    counts.set(key, uses);
    return uses;
  };
  const shared: SharedCounts = {
    async change(changes) {
      state.calls += 1;
      state.keys.push(...changes.map(({ key }) => key));
      await state.answers();
      const at = clock.monotonic() + 61_234;
      const slot = Math.floor(at / slotMs);
      return changes.map(({ key, more, back }) => {
        const uses = usesOf(key);
        uses.set(slot, (uses.get(slot) ?? 0) + more);
        if (back) uses.set(back.slot, Math.max(0, (uses.get(back.slot) ?? 0) - back.count));
        const counted = Array.from({ length: 13 }, (_, index) => uses.get(slot - 12 + index) ?? 0);
        return { key, slot, leftMs: (slot + 1) * slotMs - at, uses: counted };
      });
    },
  };
  const total = (key: string) => [...usesOf(key).values()].reduce((sum, count) => sum + count, 0);
  return { state, shared, total };
}

function fleet(count: number, { shared }: { shared: SharedCounts }, options: Partial<FleetRatesOptions> = {}) {
  return Array.from({ length: count }, () => createFleetRates({ clock: systemClock, shared, pauseMs: 0, ...options }));
}

async function allowedOf(stores: readonly RateStore[], times: number, rates: readonly Rate[]): Promise<number> {
  const taken = await Promise.all(
    Array.from({ length: times }, async (_, index) => (await stores[index % stores.length]?.take(rates)) ?? []),
  );
  return taken.filter((readings) => readings.every(({ allowed }) => allowed)).length;
}

const endAll = (stores: readonly FleetRates[]) => Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));

test('four processes allow one limit together, and not one more', async () => {
  const stores = fleet(4, sharedCounts());
  expect(await allowedOf(stores, 40, [rateOf(1, 'one')])).toBe(1);
  expect(await allowedOf(stores, 80, [rateOf(10, 'ten')])).toBe(10);
  expect(await allowedOf(stores, 300, [rateOf(60, 'sixty')])).toBe(60);
  expect(await allowedOf(stores, 2_000, [rateOf(600, 'more')])).toBe(600);
  await endAll(stores);
});

test('callers who wait share one question, and most uses of a large limit are had without one', async () => {
  const { state, shared } = sharedCounts();
  const [store] = fleet(1, { shared });
  await Promise.all(Array.from({ length: 200 }, (_, index) => store?.take([rateOf(10, `caller ${index}`)])));
  expect(state.calls).toBeLessThanOrEqual(2);
  const before = state.calls;
  for (let index = 0; index < 200; index += 1) await store?.take([rateOf(6_000, 'all')]);
  expect(state.calls - before).toBeLessThanOrEqual(10);
  await store?.[Symbol.asyncDispose]();
});

test('under load many callers share a question, and nobody waits long for that', async () => {
  const clock = manualClock();
  const { state, shared } = sharedCounts(clock);
  await using store = createFleetRates({ clock, shared, pauseMs: 10 });
  await store.take([rateOf(10)]);
  await store.take([rateOf(10)]);
  const waiting = Promise.all([store.take([rateOf(10)]), store.take([rateOf(10)])]);
  await clock.advance(5);
  const others = store.take([rateOf(10, 'another')]);
  expect(state.calls).toBe(2);
  await clock.advance(5);
  await Promise.all([waiting, others]);
  expect(state.calls).toBe(3);
});

test('a caller who comes alone waits for no rest, though two questions are asked for it', async () => {
  const clock = manualClock();
  const { state, shared } = sharedCounts(clock);
  await using store = createFleetRates({ clock, shared, pauseMs: 10 });
  for (const guest of ['first', 'second']) {
    await store.take([rateOf(10, `address of the ${guest}`)]);
    await store.take([rateOf(10, `channel of the ${guest}`)]);
    await clock.advance(1_000);
  }
  expect(state.calls).toBe(4);
});

test('whoever is over the limit is refused without a question, and told when there is room', async () => {
  const clock = manualClock();
  const { state, shared } = sharedCounts(clock);
  await using store = createFleetRates({ clock, shared, pauseMs: 0 });
  expect(await allowedOf([store], 12, [rateOf(10)])).toBe(10);
  const { calls } = state;
  const [reading] = await store.take([rateOf(10)]);
  expect(reading).toMatchObject({ allowed: false, remaining: 0 });
  expect(state.calls).toBe(calls);
  await clock.advance((reading?.waitMs ?? 0) - 1);
  expect(await store.take([rateOf(10)])).toMatchObject([{ allowed: false }]);
  await clock.advance(1);
  expect(await store.take([rateOf(10)])).toMatchObject([{ allowed: true, remaining: 9 }]);
});

test('what one process used is known to the next, and uses ahead are given back when their time is over', async () => {
  const clock = manualClock();
  const counts = sharedCounts(clock);
  const [one, two] = fleet(2, counts, { clock });
  await one?.take([rateOf(600)]);
  expect(counts.total('k')).toBe(10);
  await clock.advance(2 * slotMs);
  expect(counts.total('k')).toBe(1);
  expect(await two?.take([rateOf(600)])).toMatchObject([{ allowed: true, remaining: 598 }]);
  await endAll([one, two].flatMap((store) => store ?? []));
});

test('a crowd at one address takes nothing from its network, and what it took in vain is given back', async () => {
  const clock = manualClock();
  const counts = sharedCounts(clock);
  const stores = fleet(4, counts, { clock });
  const crowd = [rateOf(10, 'address'), rateOf(60, 'network'), rateOf(3_000, 'all')];
  expect(await clock.settle(allowedOf(stores, 200, crowd))).toBe(10);
  await clock.advance(1_000);
  expect(await clock.settle(allowedOf(stores, 200, crowd))).toBe(0);
  await clock.advance(1_000);
  expect([counts.total('address'), counts.total('network')]).toEqual([10, 10]);
  expect(await clock.settle(allowedOf(stores, 200, [rateOf(60, 'network')]))).toBe(50);
  await endAll(stores);
  expect(clock.pending).toBe(0);
});

test('while the shared counts fail each process holds callers to the whole limit, and owes what happened', async () => {
  const clock = manualClock();
  const { state, shared } = sharedCounts(clock);
  const told: unknown[] = [];
  await using store = createFleetRates({ clock, shared, pauseMs: 0, onDegraded: (error) => told.push(error) });
  state.answers = () => Promise.reject(new Error('down'));
  expect(await allowedOf([store], 15, [rateOf(10)])).toBe(10);
  expect(told).toHaveLength(1);
  await clock.advance(3_000);
  state.answers = async () => {};
  await clock.advance(1_000);
  await using other = createFleetRates({ clock, shared, pauseMs: 0 });
  expect(await other.take([rateOf(10)])).toMatchObject([{ allowed: false }]);
  await clock.advance(65_000);
  expect(await allowedOf([store, other], 15, [rateOf(10)])).toBe(10);
  expect(told).toHaveLength(1);
});

test('nobody waits long for shared counts that hang', async () => {
  const clock = manualClock();
  const { state, shared } = sharedCounts(clock);
  const hanging = Promise.withResolvers<void>();
  const store = createFleetRates({ clock, shared, patienceMs: 250 });
  state.answers = () => hanging.promise;
  const waiting = store.take([rateOf(10)]);
  await clock.advance(249);
  expect(await Promise.race([waiting, 'waits'])).toBe('waits');
  await clock.advance(1);
  expect(await waiting).toMatchObject([{ allowed: true }]);
  expect(await allowedOf([store], 15, [rateOf(10)])).toBe(9);
  hanging.resolve();
  await store[Symbol.asyncDispose]();
});

test('what was granted too late is given back, and what happened meanwhile is counted', async () => {
  const clock = manualClock();
  const counts = sharedCounts(clock);
  await using store = createFleetRates({ clock, shared: counts.shared, patienceMs: 250 });
  const hanging = Promise.withResolvers<void>();
  counts.state.answers = () => hanging.promise;
  const waiting = Promise.all([store.take([rateOf(10)]), store.take([rateOf(10)])]);
  await clock.advance(250);
  await waiting;
  await store.take([rateOf(10)]);
  hanging.resolve();
  await clock.advance(2_000);
  expect(counts.total('k')).toBe(3);
});

test('a hundred thousand addresses take no more memory than they may, and free no network', async () => {
  const clock = manualClock();
  const { shared } = sharedCounts(clock);
  await using store = createFleetRates({ clock, shared, pauseMs: 0, capacity: 2_000 });
  const network = rateOf(60, 'network');
  const from = (index: number) => [rateOf(10, `address ${index}`), index % 2 === 0 ? network : rateOf(60, `${index}`)];
  let allowed = 0;
  for (let index = 0; index < 100_000; index += 500) {
    const taken = await Promise.all(Array.from({ length: 500 }, (_, at) => store.take(from(index + at))));
    allowed += taken.filter((readings) => readings.every((reading) => reading.allowed)).length;
  }
  // Two keys each, but sixty of the network share one.
  expect(allowed).toBeLessThanOrEqual(1_060);
  expect(allowed).toBeGreaterThanOrEqual(900);
  expect(await store.take([rateOf(10, 'another'), network])).toMatchObject([{ allowed: false }, { allowed: false }]);
  await clock.advance(70_000);
  expect(await store.take(from(1))).toMatchObject([{ allowed: true }, { allowed: true }]);
});

test('no minute of a fleet, wherever it begins, holds more than the limit', async () => {
  const call = fc.tuple(fc.integer({ min: 0, max: 12_000 }), fc.nat({ max: 2 }), fc.integer({ min: 1, max: 6 }));
  const calls = fc.array(call, { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(calls, fc.constantFrom(1, 3, 10, 130), async (steps, limit) => {
      const clock = manualClock();
      const stores = fleet(3, sharedCounts(clock), { clock });
      const allowedAt: number[] = [];
      for (const [span, which, crowd] of steps) {
        await clock.advance(span);
        const allowed = await allowedOf(stores.slice(which, which + 1), crowd, [rateOf(limit)]);
        allowedAt.push(...Array.from({ length: allowed }, () => clock.monotonic()));
      }
      for (const from of allowedAt) {
        expect(allowedAt.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(limit);
      }
      await endAll(stores);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 40 },
  );
});
