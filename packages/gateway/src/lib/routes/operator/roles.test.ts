import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../openapi/operations.ts';
import { type OperatorRole, operatorRoles } from '../../settings/operator-roles.ts';
import { newAttemptId } from '../../testing/guests.ts';
import { type Operators, openOperators, tokenOf } from '../../testing/operators.ts';

let operators: Operators;
const acted: unknown[] = [];

beforeAll(async () => {
  operators = await openOperators({ onActed: (one) => acted.push(one) });
});

afterAll(() => operators[Symbol.asyncDispose]());

/** What needs more than to be an operator, and who has it. Everything else every operator may. */
const table: Readonly<Record<string, readonly OperatorRole[]>> = {
  exportAttempts: ['auditor', 'admin'],
  listAuditRecords: ['auditor', 'admin'],
  verifyAuditLog: ['auditor', 'admin'],
  exportAuditLog: ['auditor', 'admin'],
  describeAuditExport: ['auditor', 'admin'],
  listHolds: ['auditor', 'admin'],
  placeHold: ['auditor', 'admin'],
  liftHold: ['admin'],
  replayDelivery: ['operator', 'admin'],
  replayDeliveries: ['operator', 'admin'],
  purgeDeliveries: ['admin'],
  createWebhookEndpoint: ['operator', 'admin'],
  changeWebhookEndpoint: ['operator', 'admin'],
  removeWebhookEndpoint: ['operator', 'admin'],
  rotateWebhookSecret: ['operator', 'admin'],
  enableWebhookEndpoint: ['operator', 'admin'],
  disableWebhookEndpoint: ['operator', 'admin'],
  eraseGuest: ['admin'],
  withdrawConsent: ['admin'],
};

const asked = operations.filter(({ listener, role }) => listener !== 'public' && role !== 'anybody');

test('each role may what the table says and nothing else, over the whole API', async () => {
  const found: Record<string, readonly OperatorRole[]> = {};
  for (const { id, method, path } of asked) {
    const what = `${method.toUpperCase()} ${path.replace('{id}', newAttemptId())}`;
    const allowed: OperatorRole[] = [];
    for (const role of operatorRoles) {
      const response = await operators.app.request(what.split(' ')[1] ?? '', {
        method: method.toUpperCase(),
        headers: { Authorization: `Bearer ${tokenOf(role)}` },
      });
      await response.body?.cancel();
      expect(response.status, what).not.toBe(401);
      if (response.status !== 403) allowed.push(role);
    }
    found[id] = allowed;
  }
  const expected = Object.fromEntries(asked.map(({ id }) => [id, table[id] ?? operatorRoles]));
  expect(found).toEqual(expected);
  expect(Object.keys(table).filter((id) => !(id in found))).toEqual([]);
});

test('whoever may not is told which role it takes, and the log which operator it was', async () => {
  acted.length = 0;
  const body = { dryRun: false, filter: { state: 'dead' }, reason: 'a test' };
  const answer = await operators.ask('POST /v1/deliveries/replays', { token: tokenOf('viewer'), body });
  expect(answer).toMatchObject({
    status: 403,
    body: { code: 'role_insufficient', detail: expect.stringContaining('operator or admin') },
  });
  expect((await operators.ask('GET /v1/audit', { token: tokenOf('operator') })).status).toBe(403);
  expect(acted).toMatchObject([
    { operator: { name: 'viewer-1', role: 'viewer' }, action: 'replayDeliveries', status: 403 },
    { operator: { name: 'operator-1', role: 'operator' }, action: 'listAuditRecords', status: 403 },
  ]);
  expect(await operators.actions()).not.toContainEqual(
    expect.objectContaining({ eventType: 'OPERATOR_DELIVERIES_REPLAY' }),
  );
});

test('an operator is told who that is and what that one may, with a session as with the token', async () => {
  const { body } = await operators.ask<{ may: string[] }>('GET /v1/operator', { token: tokenOf('auditor') });
  expect(body).toMatchObject({ name: 'auditor-1', role: 'auditor' });
  const everything = asked.map(({ id }) => id);
  expect(body.may).toEqual(everything.filter((id) => (table[id] ?? operatorRoles).includes('auditor')));
  const { headers } = await operators.ask('POST /v1/operator-sessions', { token: tokenOf('auditor') });
  const Cookie = headers.get('set-cookie')?.replace(/;.*/, '') ?? '';
  const own = { Cookie, 'Sec-Fetch-Site': 'same-origin' };
  expect((await operators.ask('GET /v1/operator', { token: null, headers: own })).body).toEqual(body);
  expect((await operators.ask('POST /v1/erasures', { token: null, headers: own, body: {} })).status).toBe(403);
  const shared = await operators.ask<{ may: string[] }>('GET /v1/operator');
  expect(shared.body).toEqual({ name: 'operator', role: 'admin', may: everything });
});

test('a record says who it was, with which role', async () => {
  await operators.ask('POST /v1/audit/verifications', { token: tokenOf('auditor'), body: {} });
  expect((await operators.actions()).at(-1)).toMatchObject({
    eventType: 'OPERATOR_AUDIT_VERIFY',
    operator: 'auditor-1',
    role: 'auditor',
  });
});

test('whoever opens an attempt or a delivery, looks for a guest or listens is on record, by name', async () => {
  const { guest, ask, endpoints, clock } = operators;
  await endpoints.create(
    { id: 'ep_1', url: 'https://receiver.example/', secret: `whsec_${'a'.repeat(32)}`, eventTypes: null },
    clock.now(),
  );
  const attemptId = await guest();
  const before = (await operators.actions()).length;
  const as = { token: tokenOf('viewer') };
  await ask(`GET /v1/attempts/${attemptId}`, as);
  const [delivery] = await operators.deliveries.list({ limit: 1 });
  await ask(`GET /v1/deliveries/${delivery?.id}`, as);
  const found = await ask<{ data: { guestId: string }[] }>('GET /v1/attempts?limit=1', as);
  const guestId = found.body.data[0]?.guestId ?? '';
  await ask(`GET /v1/attempts?guest=${guestId}`, as);
  await ask('HEAD /v1/stream', as);
  const who = { operator: 'viewer-1', role: 'viewer' };
  const recorded = (await operators.actions()).slice(before);
  expect(recorded).toMatchObject([
    { eventType: 'OPERATOR_ATTEMPT_READ', attemptId, ...who },
    { eventType: 'OPERATOR_DELIVERY_READ', deliveryId: delivery?.id, attemptId, ...who },
    { eventType: 'OPERATOR_GUEST_SEARCH', attemptIds: [attemptId], ...who },
    { eventType: 'OPERATOR_STREAM_OPENED', ...who },
  ]);
  expect(recorded).toHaveLength(4);
  expect(JSON.stringify(recorded)).not.toContain(guestId);
});

test('what cannot be recorded is not told', async () => {
  const { attempts } = operators;
  const attemptId = await operators.guest();
  const recordEvent = () => Promise.reject(new Error('no record'));
  await using deaf = await openOperators({ attempts: { ...attempts, recordEvent } });
  const answer = await deaf.ask(`GET /v1/attempts/${attemptId}`);
  expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
});
