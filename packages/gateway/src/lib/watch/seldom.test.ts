import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createSeldom } from './seldom.ts';

test('what happens all the time is told once in each span', async () => {
  const clock = manualClock();
  const isTime = createSeldom(clock, 10_000);
  const told: number[] = [];
  for (let second = 0; second < 25; second += 1) {
    if (isTime()) told.push(second);
    await clock.advance(1_000);
  }
  expect(told).toEqual([0, 10, 20]);
});
