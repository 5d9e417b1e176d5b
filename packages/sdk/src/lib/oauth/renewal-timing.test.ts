import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { failureHoldMs, renewalHoldMs, tokenSpans } from './renewal-timing.ts';

const minute = 60_000;

test('a token is used until a minute before it expires, a short-lived one for three quarters of its life', () => {
  const usable = (lifetimeMs: number) => tokenSpans(lifetimeMs, () => 0.5).usableMs;
  expect([1440 * minute, 15 * minute, 4 * minute, minute, 1000].map(usable)).toEqual([
    1439 * minute,
    14 * minute,
    3 * minute,
    45_000,
    750,
  ]);
});

test('a renewal is due between 75 and 90 percent of the life', () => {
  expect(tokenSpans(1440 * minute, () => 0).renewMs).toBe(1080 * minute);
  expect(tokenSpans(1440 * minute, () => 0.999_999).renewMs).toBeCloseTo(1296 * minute, -3);
  expect(tokenSpans(15 * minute, () => 0).renewMs).toBe(11.25 * minute);
});

test('whatever the life, a renewal is due before the token goes out of use', () => {
  const lifetimes = fc.double({ min: 1000, max: 172_800_000, noNaN: true });
  const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(lifetimes, fractions, (lifetimeMs, fraction) => {
      const { usableMs, renewMs } = tokenSpans(lifetimeMs, () => fraction);
      expect(renewMs).toBeGreaterThan(lifetimeMs / 2);
      expect(renewMs).toBeLessThan(usableMs);
      expect(usableMs).toBeLessThan(lifetimeMs);
    }),
  );
});

test('a failed renewal is tried again after 1 to 30 seconds', () => {
  expect([0, 0.5, 1].map((fraction) => renewalHoldMs(() => fraction))).toEqual([1_000, 15_500, 30_000]);
});

test('a passing failure stands for a second, rejected credentials for 30 seconds up to 5 minutes', () => {
  const rejected = new GuestpassError('credentials_rejected', 'No.');
  expect([1, 2, 3, 4, 5, 60].map((times) => failureHoldMs(rejected, times))).toEqual([
    30_000, 60_000, 120_000, 240_000, 300_000, 300_000,
  ]);
  expect(failureHoldMs(new GuestpassError('platform_unavailable', 'Down.'), 7)).toBe(1_000);
  expect(failureHoldMs(new TypeError('ours'), 0)).toBe(1_000);
});

test('a rate limit stands as long as the platform asked for, up to a minute', () => {
  const limited = (retryAfterMs: number) => new GuestpassError('rate_limited', 'Slow down.', { retryAfterMs });
  expect([0, 20_000, 86_400_000].map((waitMs) => failureHoldMs(limited(waitMs), 0))).toEqual([1_000, 20_000, 60_000]);
  expect(failureHoldMs(new GuestpassError('rate_limited', 'Slow down.'), 0)).toBe(1_000);
});
