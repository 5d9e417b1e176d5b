import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { watchEventLoop } from './event-loop.ts';
import { createLoadGate } from './load-gate.ts';

test('no more than the bound are let in at once, and one that leaves makes room', () => {
  const gate = createLoadGate({ maxInFlight: 2, eventLoopDelayMs: () => 0 });
  const entries = [gate.enter(), gate.enter(), gate.enter()];
  expect(entries.map(({ ok }) => ok)).toEqual([true, true, false]);
  const [first] = entries;
  if (first?.ok) {
    first.leave();
    first.leave();
  }
  expect(gate.inFlight).toBe(1);
  expect(gate.enter().ok).toBe(true);
  expect(gate.enter().ok).toBe(false);
});

test('while the event loop is late nobody is let in', () => {
  let delayMs = 251;
  const gate = createLoadGate({ eventLoopDelayMs: () => delayMs });
  expect(gate.enter()).toMatchObject({ ok: false, error: { code: 'overloaded' } });
  delayMs = 250;
  expect(gate.enter().ok).toBe(true);
});

test('other pressures are heard in their own words', () => {
  const gate = createLoadGate({ eventLoopDelayMs: () => 0, pressures: [() => undefined, () => 'The queue is full.'] });
  expect(gate.enter()).toMatchObject({ ok: false, error: { detail: 'The queue is full.' } });
});

test('those turned away are told to come back at different times, from 1 to 5 seconds', () => {
  const waitWith = (random: number) => {
    const entry = createLoadGate({ maxInFlight: 0, eventLoopDelayMs: () => 0, random: () => random }).enter();
    return entry.ok ? undefined : entry.error.retryAfterMs;
  };
  expect([0, 0.5, 0.999999].map(waitWith)).toEqual([1_000, 3_000, 5_000]);
});

test('a process that does its work in time is not late', async () => {
  const clock = manualClock();
  using watch = watchEventLoop({ clock });
  await clock.advance(5_000);
  expect(watch.delayMs()).toBeLessThan(250);
});

test('a blocked event loop is noticed', async () => {
  using watch = watchEventLoop({ clock: systemClock, everyMs: 50 });
  const until = process.hrtime.bigint() + 400_000_000n;
  while (process.hrtime.bigint() < until);
  await new Promise<void>((resolve) => systemClock.after(0, resolve));
  expect(watch.delayMs()).toBeGreaterThan(250);
});

test('after its end a watch waits for nothing', () => {
  const clock = manualClock();
  watchEventLoop({ clock })[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});
