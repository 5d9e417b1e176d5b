import fc from 'fast-check';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { TryEnd } from '../store/endpoints.ts';
import {
  createReceiverPace,
  type Pace,
  type PacedEnd,
  paceAfter,
  rateAt,
  takeTurn,
  unwellPace,
} from './receiver-pace.ts';

const failed: PacedEnd = { end: 'failed' };
const delivered: PacedEnd = { end: 'delivered' };
const turnedDown: PacedEnd = { end: 'turned down' };

/** What so many ends, one right after the other, make of a pace. */
const after = (pace: Pace | undefined, ends: readonly PacedEnd[], nowMs = 0) =>
  ends.reduce<Pace | undefined>((before, end) => paceAfter(before, end, nowMs), pace);

const many = (count: number, end: PacedEnd) => Array.from({ length: count }, () => end);

const rateOf = (pace: Pace | undefined, nowMs = 0) => pace && rateAt(pace, nowMs);

test('the more of the tries fail the slower, down to twenty a second from every other one on', () => {
  const rates = [1, 3, 4, 10, 16, 21].map((count) =>
    Math.round(rateOf(after(undefined, many(count, failed))) ?? 1_000),
  );
  expect(rates).toEqual([1_000, 1_000, 953, 579, 269, 53]);
  expect(rateOf(after(undefined, many(22, failed)))).toBe(20);
  expect(rateOf(after(undefined, many(22, failed)), 60_000)).toBe(20);
});

test('once enough arrives again the rate doubles with each second, and then there is no limit', () => {
  const back = after(unwellPace(0), many(22, delivered), 1_000);
  expect(rateOf(back, 1_000)).toBe(20);
  const well = after(back, many(60, delivered), 1_000);
  const rates = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000].map((nowMs) => rateOf(well, nowMs));
  expect(rates).toEqual([20, 40, 80, 160, 320, 640, undefined]);
});

test('what is turned down neither slows a receiver nor speeds it up, and one that never failed has no pace', () => {
  expect(paceAfter(undefined, delivered, 0)).toBeUndefined();
  expect(paceAfter(undefined, turnedDown, 0)).toBeUndefined();
  const pace = paceAfter(undefined, failed, 0);
  expect(paceAfter(pace, turnedDown, 10)).toEqual(pace);
});

test('one that asks for less is slowed at once, is left alone for as long as it says, and an hour at most', () => {
  const limiting = paceAfter(undefined, { end: 'failed', restMs: 0 }, 0);
  expect([rateOf(limiting), limiting?.nextAtMs]).toEqual([20, 0]);
  const resting = paceAfter(limiting, { end: 'failed', restMs: 30_000 }, 100);
  expect([rateOf(resting), resting?.nextAtMs]).toEqual([20, 30_100]);
  // Those that were under way then change nothing about it.
  expect(after(resting, [delivered, failed, { end: 'failed', restMs: 0 }], 200)?.nextAtMs).toBe(30_100);
  expect(paceAfter(undefined, { end: 'failed', restMs: Number.MAX_SAFE_INTEGER }, 0)?.nextAtMs).toBe(3_600_000);
  expect(paceAfter(undefined, { end: 'turned down', restMs: 5_000 }, 0)?.nextAtMs).toBe(5_000);
});

const anyEnd = fc.record({
  end: fc.constantFrom<TryEnd>('delivered', 'turned down', 'failed'),
  restMs: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
});
const step = fc.record({ afterMs: fc.integer({ min: 0, max: 40 }), ended: fc.option(anyEnd) });
const steps = fc.array(step, { maxLength: 400 });

test('turns come in order and never closer than the rate allows, whatever is told in between', () => {
  const run = fc.property(steps, (all) => {
    let nowMs = 0;
    let pace = unwellPace(nowMs);
    let freeFromMs = 0;
    for (const { afterMs, ended } of all) {
      nowMs += afterMs;
      if (ended !== null) pace = paceAfter(pace, ended, nowMs) ?? pace;
      const turn = takeTurn(pace, nowMs);
      expect(turn.atMs).toBeGreaterThanOrEqual(Math.max(nowMs, freeFromMs));
      freeFromMs = turn.atMs + 1_000 / (rateAt(turn.pace, turn.atMs) ?? Number.POSITIVE_INFINITY);
      pace = turn.pace;
    }
  });
  fc.assert(run);
});

test('no rate is below twenty, and it never rises by more than a doubling a second', () => {
  const run = fc.property(steps, (all) => {
    let nowMs = 0;
    let pace = unwellPace(nowMs);
    for (const { afterMs, ended } of all) {
      const before = rateAt(pace, nowMs) ?? 1_000;
      nowMs += afterMs;
      if (ended !== null) pace = paceAfter(pace, ended, nowMs) ?? pace;
      const now = rateAt(pace, nowMs) ?? 1_000;
      expect(now).toBeGreaterThanOrEqual(20);
      expect(now).toBeLessThanOrEqual(before * 2 ** (afterMs / 1_000) * (1 + 1e-9));
    }
  });
  fc.assert(run);
});

test('whoever fails once more is never asked faster for it, then or later', () => {
  const run = fc.property(steps, fc.nat(), (all, pick) => {
    const told = all.flatMap(({ afterMs, ended }) => (ended === null ? [] : [{ afterMs, ended }]));
    const worse = told.map((one, index) => (index === pick % told.length ? { ...one, ended: failed } : one));
    const rates = [told, worse].map((history) => {
      let nowMs = 0;
      let pace: Pace | undefined;
      return history.map(({ afterMs, ended }) => {
        nowMs += afterMs;
        pace = paceAfter(pace, ended, nowMs);
        return rateOf(pace, nowMs) ?? 1_000;
      });
    });
    const picked = told[pick % told.length]?.ended;
    // A request to be left alone says more than a failure.
    if (picked?.restMs !== undefined) return;
    for (const [index, rate] of (rates[1] ?? []).entries()) {
      expect(rate).toBeLessThanOrEqual((rates[0]?.[index] ?? 0) * (1 + 1e-9));
    }
  });
  fc.assert(run);
});

interface SceneOptions {
  readonly backlog: number;
  readonly endOf: (nowMs: number, number: number) => PacedEnd;
}

/** A receiver that answers after 2 ms and counts what it gets in each second, and a backlog four at a time. */
function scene({ backlog, endOf }: SceneOptions) {
  const clock = manualClock();
  const pace = createReceiverPace(clock);
  const seconds: number[] = [];
  let left = backlog;
  const wait = (spanMs: number) => new Promise<void>((resolve) => void clock.after(spanMs, resolve));
  const worker = async (isFailing: boolean) => {
    while (left > 0) {
      const waitMs = pace.waitMs('ep_1', isFailing);
      if (waitMs === undefined) {
        await wait(1_000);
        continue;
      }
      left -= 1;
      const number = left;
      if (waitMs > 0) await wait(waitMs);
      const second = Math.floor(clock.monotonic() / 1_000);
      seconds[second] = (seconds[second] ?? 0) + 1;
      const end = endOf(clock.monotonic(), number);
      await wait(2);
      pace.ended('ep_1', end);
    }
  };
  return {
    seconds,
    pace,
    run: (isFailing = false) => clock.settle(Promise.all([0, 1, 2, 3].map(() => worker(isFailing)))),
  };
}

test('a receiver that is down is asked gently, and gets its backlog at a rate that rises when it comes back', async () => {
  const { seconds, run } = scene({ backlog: 5_000, endOf: (nowMs) => (nowMs >= 3_000 ? delivered : failed) });
  await run();
  // Some two dozen tell that it is down.
  expect(seconds[0]).toBeLessThan(50);
  expect(seconds.slice(1, 3)).toEqual([20, 20]);
  const back = seconds.slice(3, 10);
  const most = [20, 40, 80, 160, 320, 640, 1_000].map((rate) => 1.5 * rate);
  expect(back.every((count, index) => count <= (most[index] ?? 0))).toBe(true);
  expect(back.every((count, index) => count > (back[index - 1] ?? 0))).toBe(true);
  expect(Math.max(...seconds)).toBeGreaterThan(1_000);
}, 20_000);

test('a receiver that fails one in ten for ever gets several hundred a second', async () => {
  const { seconds, run } = scene({ backlog: 8_000, endOf: (_, number) => (number % 10 === 0 ? failed : delivered) });
  await run();
  expect(Math.min(...seconds.slice(0, -1))).toBeGreaterThan(500);
}, 20_000);

test('a receiver that fails every other time is asked gently', async () => {
  const { seconds, run } = scene({ backlog: 400, endOf: (_, number) => (number % 2 === 0 ? failed : delivered) });
  await run();
  expect(Math.max(...seconds.slice(1))).toBeLessThan(100);
}, 20_000);

test('a receiver in good health is never kept waiting', async () => {
  const { seconds, run } = scene({ backlog: 3_000, endOf: () => delivered });
  await run();
  expect(seconds).toEqual([2_000, 1_000]);
}, 20_000);

test('a receiver that another process saw failing last begins slowly too', async () => {
  const { seconds, run } = scene({ backlog: 60, endOf: () => delivered });
  await run(true);
  expect(seconds[0]).toBe(20);
});

test('nobody is asked between a request to be left alone and its end', async () => {
  const endOf = (nowMs: number): PacedEnd => (nowMs < 100 ? { end: 'failed', restMs: 4_000 } : delivered);
  const { seconds, pace, run } = scene({ backlog: 60, endOf });
  await run();
  // The four that were under way.
  expect(seconds.slice(0, 4)).toEqual([4, undefined, undefined, undefined]);
  expect(seconds[4]).toBeGreaterThan(10);
  expect(pace.resting()).toEqual([]);
});

test('what this process saw lately counts for more than what is on record, and what others saw since for more than that', async () => {
  const clock = manualClock();
  const pace = createReceiverPace(clock);
  const turns = (isUnwell: boolean) => [0, 1].map(() => pace.waitMs('ep_1', isUnwell));
  pace.ended('ep_1', failed);
  expect(turns(true)).toEqual([0, 0]);
  await clock.advance(10_000);
  expect(turns(true)).toEqual([0, 50]);
  await clock.advance(20_000);
  expect(turns(false)).toEqual([0, 0]);
});
