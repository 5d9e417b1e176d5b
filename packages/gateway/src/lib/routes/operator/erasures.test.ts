import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AttemptView } from '../../openapi/attempts.ts';
import { failed, newAttemptId, payload } from '../../testing/guests.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';

let operators: Operators;

beforeEach(async () => {
  operators = await openOperators();
  await operators.endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, operators.clock.now());
});

afterEach(() => operators[Symbol.asyncDispose]());

const reason = 'Request 17 of the privacy desk.';
const erase = (body: object) => operators.ask('POST /v1/erasures', { body });

test('a guest is erased by its id, after a look at what that would do', async () => {
  const attemptId = await operators.guest();
  const other = await operators.guest();
  const guestId = `guest-of-${attemptId}`;

  const dry = await erase({ guestId, dryRun: true });
  expect(dry).toMatchObject({ status: 200, body: { dryRun: true, attemptIds: [attemptId], deliveries: 1 } });
  expect(await operators.actions()).toEqual([]);
  expect((await operators.ask<AttemptView>(`GET /v1/attempts/${attemptId}`)).body.guestId).toBe(guestId);

  const done = await erase({ guestId, dryRun: false, reason });
  expect(done).toMatchObject({ status: 200, body: { dryRun: false, attemptIds: [attemptId], deliveries: 1 } });
  const records = await Array.fromAsync(operators.audit.read());
  expect(records.slice(-2).map(({ line }) => JSON.parse(line))).toMatchObject([
    { eventType: 'OPERATOR_ERASURE', attemptIds: [attemptId], reason },
    { eventType: 'WEBMESSAGING_GUEST_ERASED', attemptId, basis: reason },
  ]);
  expect(records.some(({ line }) => line.includes(guestId))).toBe(false);
  expect((await operators.ask<AttemptView>(`GET /v1/attempts/${attemptId}`)).body.guestId).toBeNull();
  expect((await operators.ask<AttemptView>(`GET /v1/attempts/${other}`)).body.guestId).toBe(`guest-of-${other}`);
  expect(await operators.audit.verify()).toMatchObject({ ok: true });
  const told = await operators.deliveries.list({ limit: 9, attemptId });
  expect(told.map(({ event_type }) => event_type)).toEqual(['guest.erased', 'guest.authenticated']);
});

test('a guest is erased by its attempt, once', async () => {
  const attemptId = await operators.guest();
  expect((await erase({ attemptId, dryRun: false, reason })).status).toBe(200);
  const again = { status: 404, body: { code: 'subject_not_found' } };
  expect(await erase({ attemptId, dryRun: false, reason })).toMatchObject(again);
  expect(await erase({ attemptId, dryRun: true })).toMatchObject(again);
  expect(await operators.actions()).toHaveLength(1);
});

test.each([
  ['an unknown guest', { guestId: 'nobody' }],
  ['a wildcard', { guestId: '%' }],
  ['an unknown attempt', { attemptId: newAttemptId() }],
])('%s is not found, and nothing is recorded', async (_name, subject) => {
  await operators.guest();
  expect(await erase({ ...subject, dryRun: false, reason })).toMatchObject({
    status: 404,
    body: { code: 'subject_not_found' },
  });
  expect(await operators.actions()).toEqual([]);
});

test('what the platform said of a guest it did not let in is erased by the attempt', async () => {
  const attemptId = await operators.guest(failed);
  const shown = async () => (await operators.ask<AttemptView>(`GET /v1/attempts/${attemptId}`)).body;
  expect((await shown()).detail).toBe('The platform is limiting our requests.');
  const done = await erase({ attemptId, dryRun: false, reason });
  expect(done).toMatchObject({ status: 200, body: { attemptIds: [attemptId], deliveries: 1 } });
  expect(await shown()).toMatchObject({ outcome: 'failed', code: 'rate_limited', detail: null });
});

test('an attempt that has no outcome yet has nothing to erase', async () => {
  const attemptId = newAttemptId();
  await operators.attempts.recordIntent({ attemptId, payload, nowMs: operators.clock.now() });
  expect((await erase({ attemptId, dryRun: true })).status).toBe(404);
});

test('the reason goes on record for good, so it may not name the guest', async () => {
  const attemptId = await operators.guest();
  const subject = { guestId: `guest-of-${attemptId}` };
  const refused = { status: 422, body: { errors: [{ pointer: '/reason' }] } };
  expect(await erase({ ...subject, dryRun: false, reason: `Erase guest-of-${attemptId}.` })).toMatchObject(refused);
  expect(await erase({ attemptId, dryRun: false, reason: `Erase guest-of-${attemptId}.` })).toMatchObject(refused);
  expect(await operators.actions()).toEqual([]);
});

test('an erasure names one subject, says whether it is meant, and why', async () => {
  const attemptId = newAttemptId();
  for (const body of [
    { dryRun: true },
    { dryRun: true, guestId: 'x', attemptId },
    { dryRun: true, guestId: '' },
    { dryRun: false, attemptId },
    { attemptId, reason },
    { dryRun: 'false', attemptId, reason },
    { dryRun: false, attemptId, reason, force: true },
  ]) {
    expect(await erase(body)).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
  }
});
