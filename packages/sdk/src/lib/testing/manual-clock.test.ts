import { expect, test } from 'vitest';
import { longestTimerMs, sleep } from '../clock.ts';
import { manualClock } from './manual-clock.ts';

const noon = Date.parse('2024-01-15T12:00:00Z');

test('time stands still until it is told to move', async () => {
  const clock = manualClock(noon);
  await clock.advance(0);
  expect([clock.now(), clock.monotonic()]).toEqual([noon, 0]);
  await clock.advance(1500.5);
  expect([clock.now(), clock.monotonic()]).toEqual([noon + 1500.5, 1500.5]);
});

test('timers fire once, in order of their instants, and equal instants in order of their making', async () => {
  const clock = manualClock();
  const fired: [string, number][] = [];
  const note = (name: string) => () => fired.push([name, clock.monotonic()]);
  clock.after(20, note('late'));
  clock.after(10, note('first'));
  clock.after(10, note('second'));
  clock.after(30, note('too late'));
  await clock.advance(20);
  await clock.advance(5);
  expect(fired).toEqual([
    ['first', 10],
    ['second', 10],
    ['late', 20],
  ]);
  expect(clock.pending).toBe(1);
});

test('a timer set while time moves fires within the same move when it is due', async () => {
  const clock = manualClock();
  const instants: number[] = [];
  const again = () => {
    instants.push(clock.monotonic());
    if (instants.length < 3) clock.after(10, again);
  };
  clock.after(10, again);
  await clock.advance(25);
  expect(instants).toEqual([10, 20]);
  expect(clock.monotonic()).toBe(25);
  await clock.advance(5);
  expect(instants).toEqual([10, 20, 30]);
});

test('promises settle between two timers', async () => {
  const clock = manualClock();
  const seen: string[] = [];
  const worker = async () => {
    await sleep(clock, 10);
    await Promise.resolve();
    seen.push(`after the first wait: ${clock.monotonic()}`);
    await sleep(clock, 10);
    seen.push(`after the second: ${clock.monotonic()}`);
  };
  clock.after(15, () => seen.push('between'));
  const done = worker();
  await clock.advance(20);
  await done;
  expect(seen).toEqual(['after the first wait: 10', 'between', 'after the second: 20']);
});

test('a cancelled timer neither fires nor counts as pending', async () => {
  const clock = manualClock();
  let fired = 0;
  const cancel = clock.after(10, () => {
    fired += 1;
  });
  expect(clock.pending).toBe(1);
  cancel();
  cancel();
  expect(clock.pending).toBe(0);
  await clock.advance(100);
  expect(fired).toBe(0);
});

test('a timer can cancel one that is due at the same instant', async () => {
  const clock = manualClock();
  let fired = false;
  clock.after(10, () => cancel());
  const cancel = clock.after(10, () => {
    fired = true;
  });
  await clock.advance(10);
  expect(fired).toBe(false);
});

test('settle moves time only as far as the promise needs', async () => {
  const clock = manualClock(noon);
  clock.after(3_600_001, () => {});
  await expect(clock.settle(sleep(clock, 3_600_000).then(() => 'slept'))).resolves.toBe('slept');
  expect(clock.monotonic()).toBe(3_600_000);
  expect(clock.pending).toBe(1);
});

test('settle takes no time for a promise that needs none', async () => {
  const clock = manualClock();
  clock.after(5, () => {});
  await clock.settle(Promise.resolve());
  expect(clock.monotonic()).toBe(0);
});

test('settle passes a rejection on', async () => {
  const clock = manualClock();
  const failing = sleep(clock, 10).then(() => {
    throw new Error('broken');
  });
  await expect(clock.settle(failing)).rejects.toThrow('broken');
});

test('settle says so when nothing can ever settle the promise', async () => {
  const clock = manualClock();
  await expect(clock.settle(new Promise(() => {}))).rejects.toThrow(/nothing is waiting/i);
});

test('a correction of the wall clock moves neither the monotonic clock nor timers', async () => {
  const clock = manualClock(noon);
  let firedAt = -1;
  clock.after(100, () => {
    firedAt = clock.monotonic();
  });
  clock.step(-3_600_000);
  expect([clock.now(), clock.monotonic()]).toEqual([noon - 3_600_000, 0]);
  await clock.advance(99);
  expect(firedAt).toBe(-1);
  clock.step(7_200_000);
  await clock.advance(1);
  expect(firedAt).toBe(100);
  expect(clock.now()).toBe(noon + 3_600_100);
});

test('time never goes back, even when two movers overlap', async () => {
  const clock = manualClock();
  const short = clock.advance(10);
  const long = clock.settle(sleep(clock, 500));
  await Promise.all([short, long]);
  expect(clock.monotonic()).toBe(500);
  await expect(clock.advance(-1)).rejects.toThrow(RangeError);
  await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError);
  await expect(clock.advance(Number.POSITIVE_INFINITY)).rejects.toThrow(RangeError);
  expect(clock.monotonic()).toBe(500);
});

test('a span that is negative fires at once, one too long for a timer is cut, and NaN is refused', async () => {
  const clock = manualClock();
  const instants: number[] = [];
  clock.after(-5, () => instants.push(clock.monotonic()));
  clock.after(Number.POSITIVE_INFINITY, () => instants.push(clock.monotonic()));
  await clock.advance(0);
  await clock.advance(longestTimerMs);
  expect(instants).toEqual([0, longestTimerMs]);
  expect(() => clock.after(Number.NaN, () => {})).toThrow(RangeError);
});

test('a sleeper that is given up holds no timer', async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const sleeping = sleep(clock, 1000, controller.signal);
  expect(clock.pending).toBe(1);
  controller.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
  expect(clock.pending).toBe(0);
});
