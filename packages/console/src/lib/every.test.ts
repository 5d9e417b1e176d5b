import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { every } from './every.ts';
import { sleep } from './sleep.ts';

test('it calls again and again, until it is told to stop', async () => {
  const clock = manualClock();
  let calls = 0;
  const stop = every(clock, 1_000, () => {
    calls += 1;
  });
  await clock.advance(3_500);
  expect(calls).toBe(3);
  stop();
  await clock.advance(3_500);
  expect(calls).toBe(3);
});

test('a wait ends in its time, or with the reason it was given up for', async () => {
  const clock = manualClock();
  const never = new AbortController().signal;
  const slept = sleep(clock, 500, never);
  await clock.advance(500);
  await slept;
  const stop = new AbortController();
  const cut = sleep(clock, 500, stop.signal);
  stop.abort(new Error('gone'));
  await expect(cut).rejects.toThrow('gone');
  await expect(sleep(clock, 500, stop.signal)).rejects.toThrow('gone');
});
