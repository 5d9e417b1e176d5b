import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRateWindows } from './rate-window.ts';
import { manualClock } from './testing/manual-clock.ts';

test('admits the allowed number in a minute, then refuses until the minute is over', () => {
  const clock = manualClock();
  const rates = createRateWindows(clock, 2);
  expect(rates.take('key')).toEqual({ admitted: true, count: 1, allowed: 2, resetSeconds: 60 });
  clock.advance(10_500);
  expect(rates.take('key')).toEqual({ admitted: true, count: 2, allowed: 2, resetSeconds: 50 });
  expect(rates.take('key')).toEqual({ admitted: false, count: 2, allowed: 2, resetSeconds: 50 });
  clock.advance(49_499);
  expect(rates.take('key')).toMatchObject({ admitted: false, resetSeconds: 1 });
  clock.advance(1);
  expect(rates.take('key')).toEqual({ admitted: true, count: 1, allowed: 2, resetSeconds: 60 });
});

test('keys do not share a window', () => {
  const rates = createRateWindows(manualClock(), 1);
  expect([rates.take('a').admitted, rates.take('b').admitted, rates.take('a').admitted]).toEqual([true, true, false]);
});

test('a clock set back opens a new window instead of prolonging the old one', () => {
  let now = 1_000_000;
  const rates = createRateWindows({ now: () => now, after: () => () => undefined }, 1);
  rates.take('key');
  now -= 500_000;
  expect(rates.take('key')).toEqual({ admitted: true, count: 1, allowed: 1, resetSeconds: 60 });
});

test('whatever the arrivals, a window admits at most what is allowed, and waiting as told is enough', () => {
  const arrivals = fc.array(fc.record({ waitMs: fc.nat(30_000), key: fc.constantFrom('a', 'b') }), { maxLength: 200 });
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 10 }), (steps, allowed) => {
      const clock = manualClock();
      const rates = createRateWindows(clock, allowed);
      const windows = new Map<string, { startedAt: number; admitted: number }>();
      for (const { waitMs, key } of steps) {
        clock.advance(waitMs);
        const state = rates.take(key);
        const current = windows.get(key);
        const isNew = !current || clock.now() - current.startedAt >= 60_000;
        const window = isNew ? { startedAt: clock.now(), admitted: 0 } : current;
        windows.set(key, window);
        expect(state.admitted).toBe(window.admitted < allowed);
        if (state.admitted) window.admitted += 1;
        expect(state.count).toBe(window.admitted);
        expect(state.resetSeconds).toBeGreaterThanOrEqual(1);
        expect(state.resetSeconds).toBeLessThanOrEqual(60);
        expect(clock.now() + state.resetSeconds * 1000).toBeGreaterThanOrEqual(window.startedAt + 60_000);
      }
    }),
  );
});
