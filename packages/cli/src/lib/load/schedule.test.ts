import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSchedule } from './schedule.ts';

test('a steady rate comes at even intervals', () => {
  const schedule = createSchedule({ perSecond: 10, durationMs: 3_000, rampMs: 0 });
  expect(schedule.total).toBe(30);
  expect([1, 2, 30].map(schedule.at)).toEqual([100, 200, 3_000]);
});

test('a ramp lets half as many come, and ends at the rate', () => {
  const schedule = createSchedule({ perSecond: 10, durationMs: 20_000, rampMs: 10_000 });
  expect(schedule.total).toBe(50 + 100);
  expect(schedule.at(50)).toBeCloseTo(10_000);
  expect(schedule.at(51)).toBeCloseTo(10_100);
  // At half of the ramp the rate is half.
  const [before, after] = [schedule.at(12), schedule.at(13)];
  expect(1_000 / (after - before)).toBeCloseTo(5, 0);
});

test('a ramp longer than the run never reaches the rate', () => {
  const schedule = createSchedule({ perSecond: 10, durationMs: 5_000, rampMs: 10_000 });
  expect(schedule.total).toBe(12);
  expect(schedule.at(12)).toBeLessThanOrEqual(5_000);
});

test('guests come one after the other, and all before the end', () => {
  const options = fc.record({
    perSecond: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
    durationMs: fc.integer({ min: 1, max: 60_000 }),
    rampMs: fc.integer({ min: 0, max: 60_000 }),
  });
  void fc.assert(
    fc.property(options, (given) => {
      const schedule = createSchedule(given);
      const times = Array.from({ length: Math.min(schedule.total, 200) }, (_, index) => schedule.at(index + 1));
      expect(times.toSorted((a, b) => a - b)).toEqual(times);
      if (schedule.total > 0) expect(schedule.at(schedule.total)).toBeLessThanOrEqual(given.durationMs + 0.001);
    }),
  );
});
