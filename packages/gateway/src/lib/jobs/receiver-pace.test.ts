import fc from 'fast-check';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { TryEnd } from '../store/endpoints.ts';
import { createReceiverPace, type Pace, paceAfter, rateAt, takeTurn } from './receiver-pace.ts';

test('the rate doubles with each second without a failure, and then there is no limit', () => {
  const failed = paceAfter(undefined, 'failed', 0);
  const back = paceAfter(failed, 'delivered', 500);
  const rates = [500, 1_499, 1_500, 2_500, 3_500, 4_500, 5_500, 6_500].map((nowMs) => back && rateAt(back, nowMs));
  expect(rates).toEqual([20, 20, 40, 80, 160, 320, 640, undefined]);
  expect(paceAfter(back, 'delivered', 6_500)).toBeUndefined();
});

test('a failure on the way begins it again, and a receiver in good health has no pace', () => {
  const back = paceAfter(paceAfter(undefined, 'failed', 0), 'delivered', 0);
  const again = paceAfter(back, 'failed', 4_000);
  expect(again && rateAt(again, 60_000)).toBe(20);
  expect(paceAfter(undefined, 'delivered', 0)).toBeUndefined();
});

test('what is turned down neither slows a receiver nor speeds it up', () => {
  expect(paceAfter(undefined, 'turned down', 0)).toBeUndefined();
  const failed = paceAfter(undefined, 'failed', 0);
  expect(paceAfter(failed, 'turned down', 10)).toEqual(failed);
  const back = paceAfter(failed, 'delivered', 20);
  expect(paceAfter(back, 'turned down', 30)).toEqual(back);
});

const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 40 }),
  ended: fc.option(fc.constantFrom<TryEnd>('delivered', 'turned down', 'failed')),
});

test('turns come in order and never closer than the rate allows, whatever is told in between', () => {
  const run = fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    let nowMs = 0;
    let pace: Pace | undefined = paceAfter(undefined, 'failed', nowMs);
    let freeFromMs = 0;
    for (const { afterMs, ended } of steps) {
      nowMs += afterMs;
      if (ended !== null) pace = paceAfter(pace, ended, nowMs);
      if (!pace) return;
      const turn = takeTurn(pace, nowMs);
      if (!turn.pace) return;
      expect(turn.atMs).toBeGreaterThanOrEqual(Math.max(nowMs, freeFromMs));
      freeFromMs = turn.atMs + 1_000 / (rateAt(turn.pace, turn.atMs) ?? Number.POSITIVE_INFINITY);
      pace = turn.pace;
    }
  });
  fc.assert(run);
});

/** A receiver that answers after 2 ms and counts what it gets in each second, and a backlog four at a time. */
function scene({ backlog, isUp }: { readonly backlog: number; readonly isUp: (nowMs: number) => boolean }) {
  const clock = manualClock();
  const pace = createReceiverPace(clock);
  const seconds: number[] = [];
  let left = backlog;
  const wait = (spanMs: number) => new Promise<void>((resolve) => void clock.after(spanMs, resolve));
  const worker = async (isFailing: boolean) => {
    while (left > 0) {
      left -= 1;
      const waitMs = pace.waitMs('ep_1', isFailing);
      if (waitMs > 0) await wait(waitMs);
      const second = Math.floor(clock.monotonic() / 1_000);
      seconds[second] = (seconds[second] ?? 0) + 1;
      const answers = isUp(clock.monotonic());
      await wait(2);
      pace.ended('ep_1', answers ? 'delivered' : 'failed');
    }
  };
  return {
    seconds,
    run: (isFailing = false) => clock.settle(Promise.all([0, 1, 2, 3].map(() => worker(isFailing)))),
  };
}

test('a receiver that comes back gets its backlog at a rate that rises second by second', async () => {
  const { seconds, run } = scene({ backlog: 5_000, isUp: (nowMs) => nowMs >= 3_000 });
  await run();
  // The first four are under way before anything is known.
  expect(seconds.slice(0, 3)).toEqual([24, 20, 20]);
  const back = seconds.slice(3, 9);
  const most = [20, 40, 80, 160, 320, 640];
  expect(back.every((count, index) => count <= (most[index] ?? 0))).toBe(true);
  expect(back.every((count, index) => count >= 0.9 * (most[index] ?? 0) - 1)).toBe(true);
  expect(Math.max(...seconds)).toBeGreaterThan(1_000);
}, 20_000);

test('a receiver in good health is never kept waiting', async () => {
  const { seconds, run } = scene({ backlog: 3_000, isUp: () => true });
  await run();
  expect(seconds).toEqual([2_000, 1_000]);
}, 20_000);

test('a receiver that another process saw failing last begins slowly too', async () => {
  const { seconds, run } = scene({ backlog: 60, isUp: () => true });
  await run(true);
  expect(seconds).toEqual([20, 39, 1]);
});
