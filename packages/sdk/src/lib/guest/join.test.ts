import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import type { Attempt } from './attempt.ts';
import type { Run } from './attempt-guest.ts';
import { createIdempotency } from './idempotency.ts';
import { createJoin } from './join.ts';
import { startStopwatch } from './stopwatch.ts';

const key = '0123456789abcdef';
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' } };

/** Attempts that take as long as their caller has, or `tookMs`. */
function setUp(tookMs: number) {
  const clock = manualClock();
  const started: Run[] = [];
  const start = async (_: unknown, run: Run): Promise<Attempt> => {
    started.push(run);
    const leftMs = (run.deadlineAt ?? 0) - clock.monotonic();
    await new Promise<void>((resolve) => void clock.after(Math.min(tookMs, leftMs), resolve));
    // Only outcome and error matter here.
    if (tookMs <= leftMs) return { outcome: 'admitted', id: run.id } as Attempt;
    return { outcome: 'failed', error: new GuestpassError('deadline_exceeded', 'Too late.') } as Attempt;
  };
  const join = createJoin({ idempotency: createIdempotency({ clock }), clock, start });
  const call = (id: string, deadlineMs: number, signal?: AbortSignal) => {
    const watch = startStopwatch(clock);
    const deadlineAt = clock.monotonic() + deadlineMs;
    return join(key, payload, { id, startedAt: '', watch, deadlineAt, ...(signal && { signal }) });
  };
  return { clock, call, started };
}

test('who joins an attempt gets its outcome, and no timer is left', async () => {
  const { clock, call, started } = setUp(1_000);
  const both = Promise.all([call('one', 10_000), call('two', 5_000)]);
  await clock.advance(1_000);
  const [first, second] = await both;
  expect(first).toMatchObject({ outcome: 'admitted', id: 'one' });
  expect(second).toBe(first);
  expect(started).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('who joins waits no longer than its own call may take', async () => {
  const { clock, call } = setUp(8_000);
  const first = call('one', 10_000);
  const second = call('two', 2_000);
  await clock.advance(2_000);
  expect(await second).toMatchObject({ code: 'idempotency_in_progress', retryable: true });
  await clock.advance(6_000);
  expect(await first).toMatchObject({ outcome: 'admitted' });
});

test('who joins may give up, and the attempt goes on', async () => {
  const { clock, call } = setUp(1_000);
  const controller = new AbortController();
  const first = call('one', 10_000);
  const second = call('two', 10_000, controller.signal);
  controller.abort();
  expect(await second).toMatchObject({ code: 'aborted' });
  await clock.advance(1_000);
  expect(await first).toMatchObject({ outcome: 'admitted' });
});

test('an attempt whose caller had too little time is made again by who has more', async () => {
  const { clock, call, started } = setUp(3_000);
  const hasty = call('hasty', 1_000);
  const patient = call('patient', 10_000);
  await clock.advance(1_000);
  expect(await hasty).toMatchObject({ outcome: 'failed' });
  await clock.advance(3_000);
  expect(await patient).toMatchObject({ outcome: 'admitted', id: 'patient' });
  expect(started.map(({ id }) => id)).toEqual(['hasty', 'patient']);
});
