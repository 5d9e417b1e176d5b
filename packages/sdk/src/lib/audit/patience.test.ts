import { expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../testing/manual-clock.ts';
import { createPatience } from './patience.ts';

const intent = { eventType: 'WEBMESSAGING_GUEST_REQUESTED' } as const;
const outcome = { eventType: 'WEBMESSAGING_GUEST_FAILED' } as const;

/** Waits, and tells when that ended. */
function waiting(patience: ReturnType<typeof createPatience>, clock: ManualClock) {
  const wait = { endedAt: undefined as number | undefined };
  void patience.wait().then(() => {
    wait.endedAt = clock.monotonic();
  });
  return wait;
}

function setUp(longestMs = 2) {
  const clock = manualClock();
  return { clock, patience: createPatience({ clock, longestMs }) };
}

test('a lone guest waits for nobody, neither with the intent nor with the outcome', async () => {
  const { clock, patience } = setUp();
  patience.arrived(intent);
  const first = waiting(patience, clock);
  patience.kept(intent);
  patience.arrived(outcome);
  const second = waiting(patience, clock);
  await clock.advance(0);
  expect([first.endedAt, second.endedAt, clock.pending]).toEqual([0, 0, 0]);
});

test('a write waits for the outcome of a guest under way, and no longer', async () => {
  const { clock, patience } = setUp();
  patience.kept(intent);
  patience.arrived(intent);
  const wait = waiting(patience, clock);
  await clock.advance(1);
  expect(wait.endedAt).toBeUndefined();
  patience.arrived(outcome);
  await clock.advance(0);
  expect([wait.endedAt, clock.pending]).toEqual([1, 0]);
});

test('the last of several guests ends the wait', async () => {
  const { clock, patience } = setUp();
  for (let guest = 0; guest < 3; guest += 1) patience.kept(intent);
  const wait = waiting(patience, clock);
  patience.arrived(outcome);
  patience.arrived(outcome);
  await clock.advance(1);
  expect(wait.endedAt).toBeUndefined();
  patience.arrived(outcome);
  await clock.advance(0);
  expect(wait.endedAt).toBe(1);
});

test('whoever takes too long is waited for once and never again', async () => {
  const { clock, patience } = setUp();
  patience.kept(intent);
  const wait = waiting(patience, clock);
  await clock.advance(2);
  expect(wait.endedAt).toBe(2);
  const next = waiting(patience, clock);
  // The late one comes after all, and counts for nobody.
  patience.arrived(outcome);
  patience.kept(intent);
  await clock.advance(0);
  expect([next.endedAt, clock.pending]).toEqual([2, 0]);
  const another = waiting(patience, clock);
  await clock.advance(2);
  expect(another.endedAt).toBe(4);
});

test('a guest refused without an intent shortens a wait at most', async () => {
  const { clock, patience } = setUp();
  patience.arrived(outcome);
  patience.kept(intent);
  const wait = waiting(patience, clock);
  patience.arrived(outcome);
  await clock.advance(0);
  expect([wait.endedAt, clock.pending]).toEqual([0, 0]);
});

test('a patience of 0 waits for nobody and sets no timer', async () => {
  const { clock, patience } = setUp(0);
  patience.kept(intent);
  const wait = waiting(patience, clock);
  expect(clock.pending).toBe(0);
  await clock.advance(0);
  expect(wait.endedAt).toBe(0);
});
