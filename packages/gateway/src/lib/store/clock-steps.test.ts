import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { createAttemptStore } from './attempts.ts';
import { createAuditStore } from './audit.ts';
import { createClockSteps } from './clock-steps.ts';

const iso = (instantMs: number) => new Date(instantMs).toISOString();
const setBack = 'WEBMESSAGING_CLOCK_SET_BACK';
const requested = 'WEBMESSAGING_GUEST_REQUESTED';

test('a clock that is set back is on record once, and the records stay in the order they came', async () => {
  await using database = await testDatabase();
  const audit = createAuditStore(database, masterKey);
  let nowMs = noon;
  const clock = { ...manualClock(noon), now: () => nowMs };
  await using store = createAttemptStore({ database, masterKey, owner: 'gateway-1', clock });
  const record = () => store.recordIntent({ attemptId: newAttemptId(), payload, nowMs });
  await record();
  nowMs = noon - 3_600_000;
  expect(await record()).toEqual({ outcome: 'claimed' });
  nowMs += 10;
  await record();
  nowMs -= 1_000;
  await record();
  const lines = await Array.fromAsync(audit.read(), ({ line }): Record<string, unknown> => JSON.parse(line));
  expect(lines.map(({ eventType }) => eventType)).toEqual([requested, setBack, requested, requested, requested]);
  expect(lines[1]).toMatchObject({ from: iso(noon), to: iso(noon - 3_600_000), timestamp: iso(noon - 3_600_000) });
  expect(await audit.verify()).toMatchObject({ ok: true, records: 5 });
});

test('a step back that could not be kept is told with the next write', () => {
  let nowMs = noon;
  const steps = createClockSteps({ now: () => nowMs });
  expect(steps.look()).toBeUndefined();
  steps.kept();
  nowMs = noon - 1_001;
  expect(steps.look()?.event.eventType).toBe(setBack);
  nowMs += 1;
  expect(steps.look()).toBeUndefined();
  nowMs -= 1;
  expect(steps.look()?.event.eventType).toBe(setBack);
  steps.kept();
  expect(steps.look()).toBeUndefined();
});
