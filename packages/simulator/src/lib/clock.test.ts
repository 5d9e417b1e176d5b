import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('real time moves on, and a timer fires', async () => {
  const before = systemClock.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.after(2, resolve);
  await promise;
  expect(systemClock.now()).toBeGreaterThan(before);
});

test('a timer that was cancelled does not fire', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const cancel = systemClock.after(0, () => resolve('cancelled'));
  cancel();
  systemClock.after(2, () => resolve('kept'));
  expect(await promise).toBe('kept');
});

test('a wait longer than a timer can hold does not fire at once', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const cancel = systemClock.after(Number.MAX_SAFE_INTEGER, () => resolve('at once'));
  systemClock.after(2, () => resolve('later'));
  expect(await promise).toBe('later');
  cancel();
});
