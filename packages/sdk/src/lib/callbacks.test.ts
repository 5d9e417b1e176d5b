import { expect, test } from 'vitest';
import { createCallbacks } from './callbacks.ts';
import { manualClock } from './testing/manual-clock.ts';

test('a callback runs after the caller has gone on', async () => {
  const clock = manualClock();
  const callbacks = createCallbacks({ clock });
  const seen: string[] = [];
  callbacks.post((value: string) => seen.push(value), 'one');
  expect(seen).toEqual([]);
  await clock.settle(callbacks.drained());
  expect(seen).toEqual(['one']);
});

test('whoever waits for the callbacks needs no clock that moves', async () => {
  const clock = manualClock();
  const callbacks = createCallbacks({ clock });
  const seen: string[] = [];
  callbacks.post((value: string) => seen.push(value), 'one');
  await callbacks.drained();
  expect(seen).toEqual(['one']);
  expect(clock.pending).toBe(0);
});

test('callbacks that throw or reject are reported and harm nobody', async () => {
  const clock = manualClock();
  const problems: unknown[] = [];
  const callbacks = createCallbacks({ clock, onProblem: (error) => problems.push(error) });
  const thrown = new Error('thrown');
  const rejected = new Error('rejected');
  callbacks.post(() => {
    throw thrown;
  }, undefined);
  callbacks.post(() => Promise.reject(rejected), undefined);
  await clock.settle(callbacks.drained());
  expect(problems).toEqual([thrown, rejected]);
});

test('a report that throws is dropped', async () => {
  const clock = manualClock();
  const callbacks = createCallbacks({
    clock,
    onProblem: () => {
      throw new Error('in the report');
    },
  });
  callbacks.post(() => Promise.reject(new Error('first')), undefined);
  await expect(clock.settle(callbacks.drained())).resolves.toBeUndefined();
});

test('a report that rejects is dropped', async () => {
  const clock = manualClock();
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on('unhandledRejection', hear);
  const callbacks = createCallbacks({ clock, onProblem: async () => Promise.reject(new Error('in the report')) });
  callbacks.post(() => Promise.reject(new Error('first')), undefined);
  await clock.settle(callbacks.drained());
  process.off('unhandledRejection', hear);
  expect(unheard).toEqual([]);
});

test("a problem is told after the guest's path, and once, even when the telling fails", async () => {
  const clock = manualClock();
  const told: unknown[] = [];
  const callbacks = createCallbacks({
    clock,
    onProblem: (error) => {
      told.push(error);
      throw new Error('in the report');
    },
  });
  callbacks.report('full disk');
  expect(told).toEqual([]);
  await clock.settle(callbacks.drained());
  expect(told).toEqual(['full disk']);
});
