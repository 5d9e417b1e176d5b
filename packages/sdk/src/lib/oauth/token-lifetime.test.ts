import { expect, test } from 'vitest';
import { tokenLifetimeMs } from './token-lifetime.ts';

test('a plain number of seconds is taken as it is', () => {
  expect(tokenLifetimeMs(86_399)).toBe(86_399_000);
  expect(tokenLifetimeMs(1)).toBe(1_000);
  expect(tokenLifetimeMs(59.5)).toBe(59_500);
  expect(tokenLifetimeMs('3600')).toBe(3_600_000);
});

test('a lifetime nobody can use counts as five minutes', () => {
  const hostile = [undefined, null, 0, -0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '', 'x', '-1', '1e3'];
  const stranger = ['0', ' 60 ', '６０', 'NaN', true, [3600], { seconds: 3600 }, '9'.repeat(400), 3600n];
  expect([...hostile, ...stranger].map(tokenLifetimeMs).filter((spanMs) => spanMs !== 300_000)).toEqual([]);
});

test('no lifetime is longer than 48 hours', () => {
  expect([172_800, 172_801, 1e12, Number.MAX_VALUE, '999999999999'].map(tokenLifetimeMs)).toEqual(
    Array(5).fill(172_800_000),
  );
});
