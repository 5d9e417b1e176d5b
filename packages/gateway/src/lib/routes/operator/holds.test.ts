import { afterEach, beforeEach, expect, test } from 'vitest';
import { failed, newAttemptId } from '../../testing/guests.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';

let operators: Operators;

beforeEach(async () => {
  operators = await openOperators();
});

afterEach(() => operators[Symbol.asyncDispose]());

const reason = 'Letter of counsel.';
const change = { matter: 'case 7', reason };
const place = (body: object) => operators.ask('POST /v1/holds', { body: { ...change, ...body } });
const lift = (body: object) => operators.ask('POST /v1/hold-releases', { body: { ...change, ...body } });
const erase = (attemptId: string, dryRun = false) =>
  operators.ask('POST /v1/erasures', { body: { attemptId, dryRun, reason } });

test('a guest on hold is not erased, nor would be, until the hold is lifted', async () => {
  const attemptId = await operators.guest();
  const held = { status: 200, body: { attemptIds: [attemptId] } };
  expect(await place({ guestId: `guest-of-${attemptId}` })).toMatchObject(held);
  const refused = { status: 409, body: { code: 'subject_on_hold' } };
  expect(await erase(attemptId, true)).toMatchObject(refused);
  expect(await erase(attemptId)).toMatchObject(refused);
  expect((await operators.attempts.get(attemptId))?.guest_id).toBe(`guest-of-${attemptId}`);
  expect(await lift({ attemptId })).toMatchObject(held);
  expect((await erase(attemptId)).status).toBe(200);
});

test('holds are listed newest first, with their matter and reason', async () => {
  const [first, second] = [await operators.guest(), await operators.guest(failed)];
  await place({ attemptId: first });
  await place({ attemptId: second, matter: 'case 8' });
  const { body } = await operators.ask<{ readonly nextCursor: string }>('GET /v1/holds?limit=1');
  expect(body).toMatchObject({ data: [{ attemptId: second, matter: 'case 8', reason }] });
  const rest = await operators.ask(`GET /v1/holds?after=${body.nextCursor}`);
  expect(rest.body).toMatchObject({ data: [{ attemptId: first, matter: 'case 7' }], nextCursor: null });
});

test('what is placed and lifted is on record, with the reason', async () => {
  const attemptId = await operators.guest();
  await place({ attemptId });
  await lift({ attemptId });
  const told = { ...change, attemptIds: [attemptId] };
  expect(await operators.actions()).toMatchObject([
    { eventType: 'OPERATOR_HOLD_PLACED', ...told },
    { eventType: 'OPERATOR_HOLD_LIFTED', ...told },
  ]);
});

test('nobody known, no hold for this matter, or words that name the guest: refused, and nothing is recorded', async () => {
  const attemptId = await operators.guest();
  const unknown = { status: 404, body: { code: 'subject_not_found' } };
  expect(await place({ guestId: 'nobody' })).toMatchObject(unknown);
  expect(await place({ attemptId: newAttemptId() })).toMatchObject(unknown);
  expect(await lift({ attemptId })).toMatchObject(unknown);
  const naming = `About guest-of-${attemptId}.`;
  expect((await place({ attemptId, matter: naming })).status).toBe(422);
  expect((await place({ attemptId, reason: naming })).status).toBe(422);
  expect((await place({ attemptId, guestId: 'x' })).status).toBe(422);
  expect(await operators.actions()).toEqual([]);
});
