import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createLoadGate } from './load-gate.ts';
import { memoryPressure, queuePressure } from './pressures.ts';

test('a process that holds too much memory takes nobody in until it holds less', async () => {
  const clock = manualClock();
  let held = 900;
  const gate = createLoadGate({
    eventLoopDelayMs: () => 0,
    pressures: [memoryPressure({ clock, bytes: () => held, maxBytes: 850 })],
  });
  expect(gate.enter()).toMatchObject({ ok: false, error: { code: 'overloaded' } });
  held = 850;
  expect(gate.enter().ok).toBe(false);
  await clock.advance(500);
  expect(gate.enter().ok).toBe(true);
});

test('memory is not asked about for each request', () => {
  let asked = 0;
  const bytes = () => {
    asked += 1;
    return 0;
  };
  const pressure = memoryPressure({ clock: manualClock(), bytes, maxBytes: 1 });
  for (let index = 0; index < 100; index += 1) pressure();
  expect(asked).toBe(1);
});

test('a queue that is too long, or whose first one waits too long, takes nobody in', () => {
  const queue = { waiting: 10, waitedMs: 2_000 };
  const gate = createLoadGate({
    eventLoopDelayMs: () => 0,
    pressures: [queuePressure({ queue, maxWaiting: 10, maxWaitMs: 2_000 })],
  });
  expect(gate.enter().ok).toBe(true);
  queue.waiting = 11;
  expect(gate.enter()).toMatchObject({ ok: false, error: { code: 'overloaded' } });
  Object.assign(queue, { waiting: 10, waitedMs: 2_001 });
  expect(gate.enter()).toMatchObject({ ok: false, error: { code: 'overloaded' } });
});
