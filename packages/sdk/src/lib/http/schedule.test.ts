import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSchedule } from './schedule.ts';

const limits = (allowed: string | number, count?: string | number, reset?: string | number) => ({
  status: 200,
  headers: {
    'inin-ratelimit-allowed': `${allowed}`,
    ...(count !== undefined && { 'inin-ratelimit-count': `${count}` }),
    ...(reset !== undefined && { 'inin-ratelimit-reset': `${reset}` }),
  },
  body: new Uint8Array(),
});
const bare = (status: number) => ({ status, headers: {}, body: new Uint8Array() });

/** The waits of the next `count` requests that come at `now`, each taking its turn. */
function waits(schedule: ReturnType<typeof createSchedule>, now: number, count: number): number[] {
  return Array.from({ length: count }, () => {
    const waitMs = schedule.waitAt(now);
    schedule.reserve(now);
    return waitMs;
  });
}

test('a rested bucket lets a burst go and then keeps the rate', () => {
  const schedule = createSchedule({ requestsPerMinute: 60, burst: 3 });
  expect(waits(schedule, 0, 5)).toEqual([0, 0, 0, 1000, 2000]);
  expect(waits(schedule, 60_000, 4)).toEqual([0, 0, 0, 1000]);
});

test('asking for the wait takes no turn', () => {
  const schedule = createSchedule({ requestsPerMinute: 60, burst: 1 });
  expect([schedule.waitAt(0), schedule.waitAt(0), schedule.waitAt(0)]).toEqual([0, 0, 0]);
});

test("the platform's own rate replaces ours, up and down, and turns given still count", () => {
  const schedule = createSchedule({ requestsPerMinute: 60, burst: 2 });
  expect(waits(schedule, 0, 4)).toEqual([0, 0, 1000, 2000]);
  schedule.learn(limits(600), 0);
  expect(waits(schedule, 0, 1)).toEqual([300]);
  schedule.learn(limits(60), 0);
  expect(waits(schedule, 0, 1)).toEqual([4000]);
});

test('a burst is never larger than what the platform allows in a minute', () => {
  const schedule = createSchedule({ requestsPerMinute: 600, burst: 100 });
  schedule.learn(limits(2), 0);
  expect(waits(schedule, 0, 3)).toEqual([0, 0, 30_000]);
});

test('what the platform says is left in its window bounds what goes before the window ends', () => {
  const schedule = createSchedule({ requestsPerMinute: 180, burst: 30 });
  schedule.learn(limits(180, 178, 20), 0);
  expect(waits(schedule, 0, 4)).toEqual([0, 0, 20_000, 20_000]);
  expect(schedule.waitAt(20_000)).toBe(0);
});

test('an answer that left earlier does not give turns back', () => {
  const schedule = createSchedule({ requestsPerMinute: 180, burst: 30 });
  schedule.learn(limits(180, 180, 20), 0);
  schedule.learn(limits(180, 170, 20), 1);
  expect(schedule.waitAt(1)).toBe(19_999);
});

test('a new window begins anew', () => {
  const schedule = createSchedule({ requestsPerMinute: 180, burst: 30 });
  schedule.learn(limits(180, 180, 20), 0);
  schedule.learn(limits(180, 1, 60), 20_000);
  expect(schedule.waitAt(20_000)).toBe(0);
});

test('more requests counted than allowed leaves none', () => {
  const schedule = createSchedule({ requestsPerMinute: 180, burst: 30 });
  schedule.learn(limits(180, 500, 7), 0);
  expect(schedule.waitAt(0)).toBe(7000);
});

test('a 429 empties the bucket', () => {
  const schedule = createSchedule({ requestsPerMinute: 60, burst: 10 });
  schedule.learn(bare(429), 0);
  expect(waits(schedule, 0, 3)).toEqual([1000, 2000, 3000]);
});

test('a 429 gives nothing back to those who wait longer already', () => {
  const schedule = createSchedule({ requestsPerMinute: 60, burst: 1 });
  waits(schedule, 0, 5);
  schedule.learn(bare(429), 0);
  expect(schedule.waitAt(0)).toBe(5000);
});

test('a 429 stops nobody for longer than a minute, however slow the rate', () => {
  const schedule = createSchedule({ requestsPerMinute: 0.5, burst: 1 });
  schedule.learn(bare(429), 0);
  expect(schedule.waitAt(0)).toBe(60_000);
});

test('header values that make no sense are ignored', () => {
  for (const odd of ['0', '-1', '1.5', 'NaN', 'Infinity', '', '60, 60', '0x10', '1e3', '99999999', ' 60']) {
    const schedule = createSchedule({ requestsPerMinute: 60, burst: 1 });
    schedule.reserve(0);
    schedule.learn(limits(odd, odd, odd), 0);
    expect(schedule.waitAt(0), odd).toBe(1000);
  }
  const schedule = createSchedule({ requestsPerMinute: 60, burst: 1 });
  schedule.learn(limits(60, 60, 86_400), 0);
  expect(schedule.waitAt(0)).toBe(0);
});

test('whatever the platform says, the next request may go within a minute', () => {
  const header = fc.oneof(fc.nat({ max: 200 }).map(String), fc.constantFrom('1', '9999999', '0', 'x', '-5', '61'));
  const answer = fc
    .tuple(header, header, header, fc.constantFrom(200, 429, 503))
    .map(([allowed, count, reset, status]) => ({ ...limits(allowed, count, reset), status }));
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 20 }), fc.nat({ max: 50 }), (answers, burst) => {
      const schedule = createSchedule({ requestsPerMinute: 300, burst: burst + 1 });
      waits(schedule, 0, burst + 1);
      for (const told of answers) {
        schedule.learn(told, 0);
        expect(schedule.waitAt(0)).toBeLessThanOrEqual(60_000 + 1e-6);
      }
    }),
  );
});

test('no window of time lets more through than the burst and what the rate adds', () => {
  const arrivals = fc.array(fc.nat({ max: 3000 }), { minLength: 1, maxLength: 120 });
  const setting = fc.record({
    requestsPerMinute: fc.integer({ min: 1, max: 2000 }),
    burst: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(arrivals, setting, (gaps, { requestsPerMinute, burst }) => {
      const schedule = createSchedule({ requestsPerMinute, burst });
      let now = 0;
      const starts = gaps.map((gap) => {
        now += gap;
        const start = now + schedule.waitAt(now);
        schedule.reserve(now);
        return start;
      });
      for (const [i, from] of starts.entries()) {
        for (const [j, to] of starts.entries()) {
          if (j < i) continue;
          const mostThrough = burst + ((to - from) * requestsPerMinute) / 60_000;
          expect(j - i + 1).toBeLessThanOrEqual(mostThrough + 1e-6);
        }
      }
    }),
    { numRuns: 60 },
  );
});
