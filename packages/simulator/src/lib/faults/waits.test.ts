import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { createWaits } from './waits.ts';

const never = () => new AbortController().signal;

test('a wait ends when its time has come', async () => {
  const clock = manualClock();
  const waits = createWaits(clock);
  const wait = waits.wait(1000, never());
  expect(waits.pending).toBe(1);
  clock.advance(1000);
  expect(await wait).toBe('elapsed');
  expect([waits.pending, clock.pending]).toEqual([0, 0]);
});

test('a wait ends with the reason when its caller gives up, and holds no timer', async () => {
  const clock = manualClock();
  const waits = createWaits(clock);
  const caller = new AbortController();
  const wait = waits.wait(1000, caller.signal);
  caller.abort(new Error('enough'));
  await expect(wait).rejects.toThrow('enough');
  expect([waits.pending, clock.pending]).toEqual([0, 0]);
});

test('a caller that gave up before is not waited for', async () => {
  const clock = manualClock();
  await expect(createWaits(clock).wait(1000, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  expect(clock.pending).toBe(0);
});

test('every wait can be ended, those without end as well', async () => {
  const clock = manualClock();
  const waits = createWaits(clock);
  const both = Promise.all([waits.wait(1000, never()), waits.wait(undefined, never())]);
  waits.end();
  expect(await both).toEqual(['reset', 'reset']);
  expect([waits.pending, clock.pending]).toEqual([0, 0]);
});
