import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from './deliver.ts';
import { defaultSchedule, nextDelayMs, parseSchedule } from './schedule.ts';

const minute = 60_000;
const hour = 60 * minute;
const middle = () => 0.5;

const retry = (more: Partial<Delivery> = {}): Delivery => ({ result: 'retry', durationMs: 1, ...more });

/** A small generator with a fixed start, so that every run draws the same (mulberry32). */
function seeded(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('ten attempts are spread over three days', () => {
  const delays = defaultSchedule.map((_, attempt) => nextDelayMs(attempt, { random: middle }));
  expect(delays).toEqual([
    0,
    5_000,
    5 * minute,
    30 * minute,
    2 * hour,
    5 * hour,
    10 * hour,
    14 * hour,
    20 * hour,
    24 * hour,
  ]);
  expect(defaultSchedule.reduce((sum, delay) => sum + delay)).toBe(75 * hour + 35 * minute + 5_000);
  expect(nextDelayMs(10, { random: middle, lastResult: retry() })).toBeUndefined();
});

test('each delay varies by a fifth either way, evenly', () => {
  const random = seeded(7);
  for (const [attempt, baseMs] of defaultSchedule.entries()) {
    const samples = Array.from({ length: 10_000 }, () => nextDelayMs(attempt, { random }) ?? Number.NaN);
    expect(Math.min(...samples)).toBeGreaterThanOrEqual(0.8 * baseMs);
    expect(Math.max(...samples)).toBeLessThanOrEqual(1.2 * baseMs);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const sample of samples) {
      const tenth = Math.min(9, Math.floor(((sample / baseMs - 0.8) / 0.4) * 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    if (baseMs > 0) expect(tenths.every((count) => count > 800 && count < 1_200)).toBe(true);
  }
});

test('nothing follows an end', () => {
  for (const result of ['delivered', 'gone', 'refused'] as const) {
    expect(nextDelayMs(1, { random: middle, lastResult: { result, durationMs: 1 } })).toBeUndefined();
  }
});

test('a Retry-After is honored between our own delay and twice as much or an hour', () => {
  const after = (attempt: number, retryAfterMs: number) =>
    nextDelayMs(attempt, { random: () => 0, lastResult: retry({ status: 503, failure: 'http_503', retryAfterMs }) });
  expect(after(1, 0)).toBe(5_000);
  expect(after(1, 4_000)).toBe(5_000);
  expect(after(1, 7_000)).toBe(7_000);
  expect(after(1, 59 * minute)).toBe(59 * minute);
  expect(after(1, 2 * hour)).toBe(hour);
  expect(after(1, Number.MAX_SAFE_INTEGER)).toBe(hour);
  expect(after(5, 9 * hour)).toBe(9 * hour);
  expect(after(5, 11 * hour)).toBe(10 * hour);
});

test('after a timeout or a 429 at least a minute passes', () => {
  const slow = [
    retry({ status: 429, failure: 'http_429' }),
    retry({ failure: 'connect_timeout' }),
    retry({ failure: 'timeout_before_headers' }),
    retry({ status: 500, failure: 'timeout_in_body' }),
    retry({ status: 429, failure: 'http_429', retryAfterMs: 1_000 }),
  ];
  for (const lastResult of slow) {
    expect(nextDelayMs(1, { random: () => 0, lastResult })).toBe(minute);
    expect(nextDelayMs(1, { random: () => 0.999, lastResult })).toBeGreaterThan(1.19 * minute);
    expect(nextDelayMs(2, { random: middle, lastResult })).toBeGreaterThanOrEqual(5 * minute);
  }
  const patient = retry({ status: 429, failure: 'http_429', retryAfterMs: 10 * minute });
  expect(nextDelayMs(1, { random: middle, lastResult: patient })).toBe(10 * minute);
  expect(nextDelayMs(1, { random: middle, lastResult: retry({ failure: 'connection_refused' }) })).toBe(5_000);
});

test('whatever a receiver asks, the delay stays in its bounds', () => {
  const any = fc.record({
    attempt: fc.integer({ min: 1, max: 9 }),
    retryAfterMs: fc.oneof(fc.nat(), fc.maxSafeNat()),
    draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    status: fc.constantFrom(429, 500, 503),
  });
  fc.assert(
    fc.property(any, ({ attempt, retryAfterMs, draw, status }) => {
      const lastResult = retry({ status, failure: `http_${status}`, retryAfterMs });
      const baseMs = defaultSchedule[attempt] ?? 0;
      const delayMs = nextDelayMs(attempt, { random: () => draw, lastResult });
      expect(delayMs).toBeGreaterThanOrEqual(baseMs);
      expect(delayMs).toBeLessThanOrEqual(Math.max(2 * baseMs, hour));
    }),
  );
});

test('a schedule of one to fifty delays from a second to a week is usable', () => {
  expect(parseSchedule([0])).toEqual([0]);
  expect(parseSchedule([1_000, 7 * 24 * hour])).toEqual([1_000, 7 * 24 * hour]);
  expect(parseSchedule(defaultSchedule)).toEqual(defaultSchedule);
  expect(parseSchedule(Array.from({ length: 50 }, () => 1_000))).toHaveLength(50);
  expect(nextDelayMs(1, { random: middle, schedule: [0, 2_000] })).toBe(2_000);
  expect(nextDelayMs(2, { random: middle, schedule: [0, 2_000] })).toBeUndefined();
});

test('every delay that is not usable is told', () => {
  expect(() => parseSchedule([])).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  expect(() => parseSchedule(Array.from({ length: 51 }, () => 1_000))).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
  const odd = [999, 1_000, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, 7 * 24 * hour + 1];
  expect(() => parseSchedule(odd)).toThrow(
    expect.objectContaining({
      code: 'config_invalid',
      faults: ['/0', '/2', '/3', '/4', '/5', '/6'].map((pointer) => expect.objectContaining({ pointer })),
    }),
  );
});
