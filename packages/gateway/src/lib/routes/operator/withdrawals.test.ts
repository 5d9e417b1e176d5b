import { afterEach, beforeEach, expect, test } from 'vitest';
import { failed, newAttemptId } from '../../testing/guests.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';

let operators: Operators;

beforeEach(async () => {
  operators = await openOperators();
  await operators.endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, operators.clock.now());
});

afterEach(() => operators[Symbol.asyncDispose]());

const reason = 'Told to the help desk.';
const withdraw = (body: object) => operators.ask('POST /v1/withdrawals', { body: { reason, ...body } });

const told = async (attemptId: string) => {
  const list = await operators.deliveries.list({ limit: 9, attemptId });
  const [delivery] = list.filter(({ event_type }) => event_type === 'consent.withdrawn');
  const found = delivery && (await operators.deliveries.get(delivery.id));
  return { count: list.length, body: found?.body && JSON.parse(found.body.toString()) };
};

test('a withdrawal is on record and told with the guest, once, and erases nothing', async () => {
  const attemptId = await operators.guest();
  const guestId = `guest-of-${attemptId}`;
  expect(await withdraw({ guestId })).toMatchObject({ status: 200, body: { attemptIds: [attemptId] } });
  const [asked, withdrawn] = (await Array.fromAsync(operators.audit.read()))
    .slice(-2)
    .map(({ line }) => JSON.parse(line));
  expect(asked).toMatchObject({ eventType: 'OPERATOR_CONSENT_WITHDRAWAL', attemptIds: [attemptId], reason });
  const timestamp = new Date(operators.clock.now()).toISOString();
  const event = { eventType: 'WEBMESSAGING_CONSENT_WITHDRAWN', attemptId, basis: reason, timestamp };
  expect(withdrawn).toMatchObject(event);
  expect(JSON.stringify([asked, withdrawn])).not.toContain(guestId);
  expect(await told(attemptId)).toEqual({
    count: 2,
    body: { type: 'consent.withdrawn', timestamp, data: { attemptId, sequence: withdrawn.sequence, guestId } },
  });
  const shown = { guestId, consentWithdrawnAt: timestamp };
  expect((await operators.ask(`GET /v1/attempts/${attemptId}`)).body).toMatchObject(shown);
  expect(await operators.audit.verify()).toMatchObject({ ok: true });

  const again = await Promise.all([withdraw({ guestId }), withdraw({ attemptId })]);
  expect(again).toMatchObject([{ body: { attemptIds: [] } }, { body: { attemptIds: [] } }]);
  expect((await told(attemptId)).count).toBe(2);
});

test('requests that come at once withdraw a consent once', async () => {
  const attemptId = await operators.guest();
  const answers = await Promise.all(Array.from({ length: 5 }, () => withdraw({ attemptId })));
  const withdrawn = answers.flatMap(({ body }) => (body as { readonly attemptIds: readonly string[] }).attemptIds);
  expect(withdrawn).toEqual([attemptId]);
  expect((await told(attemptId)).count).toBe(2);
});

test('what was told of a withdrawal is erased with the guest, and a withdrawal of an erased guest names none', async () => {
  const attemptId = await operators.guest();
  await withdraw({ attemptId });
  await operators.ask('POST /v1/erasures', { body: { attemptId, dryRun: false, reason } });
  expect((await told(attemptId)).body).toBeNull();
  const other = await operators.guest(failed);
  await withdraw({ attemptId: other });
  expect((await told(other)).body).toMatchObject({ data: { attemptId: other, guestId: null } });
});

test('a guest that is erased at the same time is not told of', async () => {
  const attemptId = await operators.guest();
  const nowMs = operators.clock.now();
  const both = { attemptId, basis: reason, nowMs };
  await Promise.all([operators.attempts.withdrawConsent(both), operators.attempts.eraseGuest(both)]);
  const list = await operators.deliveries.list({ limit: 9 });
  expect(list).toHaveLength(3);
  const bodies = (await operators.deliveries.getAll(list.map(({ id }) => id))).map(
    ({ body }) => body?.toString() ?? null,
  );
  expect(bodies.filter((body) => body !== null)).toHaveLength(2);
  expect(bodies.join()).not.toContain(`guest-of-${attemptId}`);
});

test('nobody known, or a reason that names the guest: refused, and nothing is recorded', async () => {
  const attemptId = await operators.guest();
  const unknown = { status: 404, body: { code: 'subject_not_found' } };
  expect(await withdraw({ guestId: 'nobody' })).toMatchObject(unknown);
  expect(await withdraw({ attemptId: newAttemptId() })).toMatchObject(unknown);
  expect((await withdraw({ attemptId, reason: `For guest-of-${attemptId}.` })).status).toBe(422);
  expect((await withdraw({ attemptId, reason: '' })).status).toBe(422);
  expect(await operators.actions()).toEqual([]);
});
