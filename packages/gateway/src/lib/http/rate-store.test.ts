import * as fc from 'fast-check';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createMemoryRates, type Rate } from './rate-store.ts';

const perMinute = (limit: number, key = 'k'): Rate => ({ key, limit });

test('the limit is allowed at once and one more is not', async () => {
  const store = createMemoryRates({ clock: manualClock() });
  const readings = [];
  for (let i = 0; i < 11; i += 1) readings.push(...(await store.take([perMinute(10)])));
  expect(readings.map(({ remaining }) => remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
  expect(readings.map(({ allowed }) => allowed)).toEqual([...Array(10).fill(true), false]);
});

test('waiting as long as told is enough, and a second less is not', async () => {
  const clock = manualClock();
  await clock.advance(12_345);
  const store = createMemoryRates({ clock });
  for (let i = 0; i < 10; i += 1) await store.take([perMinute(10)]);
  const [refused] = await store.take([perMinute(10)]);
  await clock.advance((refused?.waitMs ?? 0) - 1_000);
  expect(await store.take([perMinute(10)])).toMatchObject([{ allowed: false }]);
  await clock.advance(1_000);
  expect(await store.take([perMinute(10)])).toMatchObject([{ allowed: true }]);
});

test('what is refused under one rate uses up none of the others', async () => {
  const store = createMemoryRates({ clock: manualClock() });
  await store.take([perMinute(1, 'a'), perMinute(3, 'all')]);
  const again = await store.take([perMinute(1, 'a'), perMinute(3, 'all')]);
  expect(again).toMatchObject([{ allowed: false }, { allowed: true, remaining: 2 }]);
  expect(await store.take([perMinute(1, 'b'), perMinute(3, 'all')])).toMatchObject([{}, { remaining: 1 }]);
});

test('a rate of nothing allows nothing', async () => {
  const store = createMemoryRates({ clock: manualClock() });
  expect(await store.take([perMinute(0)])).toMatchObject([{ allowed: false, waitMs: 60_000 }]);
});

test('a caller that is refused stays refused, however many others come', async () => {
  const store = createMemoryRates({ clock: manualClock(), capacity: 1_000 });
  await store.take([perMinute(1, 'first')]);
  for (let i = 0; i < 5_000; i += 1) await store.take([perMinute(1, `other ${i}`)]);
  expect(await store.take([perMinute(1, 'first')])).toMatchObject([{ allowed: false }]);
});

test('what would not fit into memory is refused until something is forgotten', async () => {
  const clock = manualClock();
  const store = createMemoryRates({ clock, capacity: 2 });
  await store.take([perMinute(5, 'a')]);
  await store.take([perMinute(5, 'b')]);
  expect(await store.take([perMinute(5, 'c')])).toMatchObject([{ allowed: false, waitMs: 65_000 }]);
  expect(await store.take([perMinute(5, 'a')])).toMatchObject([{ allowed: true }]);
  await clock.advance(65_000);
  expect(await store.take([perMinute(5, 'c')])).toMatchObject([{ allowed: true }]);
});

test('after a long silence everything is allowed again', async () => {
  const clock = manualClock();
  const store = createMemoryRates({ clock });
  await store.take([perMinute(1)]);
  await clock.advance(7_200_000);
  expect(await store.take([perMinute(1)])).toMatchObject([{ allowed: true, remaining: 0 }]);
});

test('a step of the wall clock changes nothing', async () => {
  const clock = manualClock();
  const store = createMemoryRates({ clock });
  await store.take([perMinute(1)]);
  clock.step(86_400_000);
  expect(await store.take([perMinute(1)])).toMatchObject([{ allowed: false }]);
});

test('no minute holds more than the limit, and nobody is told to wait for more than a minute and a slot', async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(gaps, fc.integer({ min: 1, max: 8 }), async (spans, limit) => {
      const clock = manualClock();
      const store = createMemoryRates({ clock });
      const allowedAt: number[] = [];
      for (const span of spans) {
        await clock.advance(span);
        const [reading] = await store.take([perMinute(limit)]);
        if (reading?.allowed) allowedAt.push(clock.monotonic());
        else expect(reading?.waitMs).toBeGreaterThan(0);
        expect(reading?.waitMs).toBeLessThanOrEqual(65_000);
      }
      for (const from of allowedAt) {
        const within = allowedAt.filter((at) => at >= from && at < from + 60_000).length;
        expect(within).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 30 },
  );
});
