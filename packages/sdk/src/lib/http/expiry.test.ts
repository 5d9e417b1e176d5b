import { expect, test } from 'vitest';
import { longestTimerMs } from '../clock.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { createExpiry } from './expiry.ts';

function setUp() {
  const clock = manualClock();
  const expiry = createExpiry(clock);
  const expired: string[] = [];
  const start = clock.monotonic();
  const item = (name: string, afterMs?: number) => ({
    deadlineAt: afterMs === undefined ? undefined : start + afterMs,
    expire: () => void expired.push(name),
  });
  return { clock, expiry, expired, item };
}

test('each thing expires at its own instant, whatever the order in which they came', async () => {
  const { clock, expiry, expired, item } = setUp();
  for (const [name, afterMs] of [
    ['late', 300],
    ['early', 100],
    ['middle', 200],
  ] as const)
    expiry.watch(item(name, afterMs));
  await clock.advance(99);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(['early']);
  await clock.advance(200);
  expect(expired).toEqual(['early', 'middle', 'late']);
  expect(clock.pending).toBe(0);
});

test('what is forgotten does not expire, and with the last one the timer is gone', async () => {
  const { clock, expiry, expired, item } = setUp();
  const [first, second] = [item('first', 100), item('second', 200)];
  expiry.watch(first);
  expiry.watch(second);
  expect(clock.pending).toBe(1);
  expiry.forget(first);
  expiry.forget(first);
  await clock.advance(150);
  expiry.forget(second);
  expect(clock.pending).toBe(0);
  await clock.advance(1000);
  expect(expired).toEqual([]);
});

test('what has no end is not watched', () => {
  const { clock, expiry, item } = setUp();
  expiry.watch(item('endless'));
  expiry.watch(item('infinite', Number.POSITIVE_INFINITY));
  expect(clock.pending).toBe(0);
});

test('an end further away than a timer reaches comes no earlier', async () => {
  const { clock, expiry, expired, item } = setUp();
  expiry.watch(item('far', longestTimerMs + 1000));
  await clock.advance(longestTimerMs);
  expect(expired).toEqual([]);
  await clock.advance(1000);
  expect(expired).toEqual(['far']);
});

test('what begins while others expire is watched too', async () => {
  const { clock, expiry, expired, item } = setUp();
  const next = item('next', 250);
  expiry.watch({ ...item('first', 100), expire: () => expiry.watch(next) });
  expiry.watch(item('other', 400));
  await clock.advance(250);
  expect(expired).toEqual(['next']);
  await clock.advance(150);
  expect(expired).toEqual(['next', 'other']);
});
