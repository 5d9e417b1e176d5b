import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeliveryView } from '../../openapi/deliveries.ts';
import type { EndpointView } from '../../openapi/endpoints.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';

type Created = EndpointView & { readonly secret: string };

let operators: Operators;

beforeAll(async () => {
  operators = await openOperators();
});

afterAll(() => operators[Symbol.asyncDispose]());

const reason = 'A new receiver.';
const base = '/v1/webhook-endpoints';

const create = async (more: object = {}) =>
  await operators.ask<Created>(`POST ${base}`, { body: { url: 'https://idp.example/hook', reason, ...more } });

const lastAction = async () => (await operators.actions()).at(-1);

test('an endpoint is added; its secret is shown this once', async () => {
  const answer = await create({ url: 'https://IdP.example/hook?key=canary', eventTypes: ['guest.failed'] });
  const { id, secret } = answer.body;
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`${base}/${id}`);
  expect(answer.body).toMatchObject({ url: 'https://idp.example/hook?key=canary', enabled: true, description: '' });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(await operators.endpoints.secrets(id, operators.clock.now())).toEqual([secret]);
  const shown = await operators.ask(`GET ${base}/${id}`);
  const listed = await operators.ask<{ data: readonly EndpointView[] }>(`GET ${base}`);
  expect(listed.body.data).toContainEqual(shown.body);
  expect(JSON.stringify([shown.body, listed.body])).not.toContain('whsec_');
});

test('what is on record of a new endpoint is its origin, not what may be secret in its address', async () => {
  const { body } = await create({ url: 'https://idp.example/hook/canary?key=canary' });
  const action = await lastAction();
  expect(action).toMatchObject({
    eventType: 'OPERATOR_ENDPOINT_CREATE',
    endpointId: body.id,
    origin: 'https://idp.example',
    reason,
    network: 'none',
  });
  expect(JSON.stringify(action)).not.toMatch(/canary|whsec_/);
});

test.each([
  'http://idp.example/hook',
  'https://127.0.0.1/',
  'https://[::1]/',
  'https://localhost/',
  'https://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'https://0x7f000001/',
  'https://user:password@idp.example/',
  'https://idp.example:22/',
  'ftp://idp.example/',
  'nonsense',
])('an endpoint at %s is refused, new or changed', async (url) => {
  const before = await operators.actions();
  const refused = { status: 422, body: { code: 'ssrf_blocked', errors: [{ pointer: '/url' }] } };
  const created = await create({ url });
  expect(created).toMatchObject(refused);
  expect(JSON.stringify(created.body)).not.toContain(url);
  const [{ id } = { id: '' }] = await operators.endpoints.list();
  expect(await operators.ask(`PATCH ${base}/${id}`, { body: { url, reason } })).toMatchObject(refused);
  expect(await operators.actions()).toEqual(before);
});

test('networks that were allowed may be called', async () => {
  const endpointPolicy = { allowHttp: true, allowCidrs: ['127.0.0.0/8'], ports: 'any' as const };
  const { ask, ...rest } = await openOperators({ endpointPolicy });
  const body = { url: 'http://127.0.0.1:4100/webhooks', reason };
  expect((await ask(`POST ${base}`, { body })).status).toBe(201);
  await rest[Symbol.asyncDispose]();
});

test('a given secret must be strong enough, and is used as it is', async () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  expect((await create({ secret })).body.secret).toBe(secret);
  const short = `whsec_${Buffer.alloc(23, 7).toString('base64')}`;
  const refused = await create({ secret: short });
  expect(refused).toMatchObject({ status: 422, body: { code: 'request_invalid', errors: [{ pointer: '/secret' }] } });
  expect(JSON.stringify(refused.body)).not.toContain(short);
});

test('an endpoint that wants the events of each guest in order says so, and what waits is shown until it does not', async () => {
  const { body } = await create({ ordering: 'guest' });
  expect(body.ordering).toBe('guest');
  expect(await lastAction()).toMatchObject({ ordering: 'guest' });
  const attempt = await operators.guest();
  await operators.attempts.withdrawConsent({ attemptId: attempt, basis: reason, nowMs: operators.clock.now() });
  const deliveries = async () => {
    const path = `GET /v1/deliveries?endpoint=${body.id}&attempt=${attempt}`;
    return (await operators.ask<{ readonly data: readonly DeliveryView[] }>(path)).body.data;
  };
  const [second, first] = await deliveries();
  await operators.deliveries.waitInLine([second?.id ?? '']);
  expect(await deliveries()).toMatchObject([
    { waitsFor: first?.id, nextAt: null },
    { waitsFor: null, nextAt: '2024-01-15T10:30:00.000Z' },
  ]);
  const jobs = await operators.jobs();
  expect((await operators.ask(`PATCH ${base}/${body.id}`, { body: { ordering: 'none', reason } })).body).toMatchObject({
    ordering: 'none',
  });
  expect(await lastAction()).toMatchObject({ changed: ['ordering'] });
  expect(await deliveries()).toMatchObject([{ waitsFor: null, nextAt: '2024-01-15T10:30:00.000Z' }, {}]);
  expect((await operators.jobs()).slice(jobs.length)).toEqual([second?.id]);
  const odd = await operators.ask(`PATCH ${base}/${body.id}`, { body: { ordering: 'fifo', reason } });
  expect(odd).toMatchObject({ status: 422, body: { errors: [{ pointer: '/ordering' }] } });
});

test('an endpoint is changed in what is named, and only that', async () => {
  const { id } = (await create({ eventTypes: ['guest.failed'], description: 'first' })).body;
  await operators.clock.advance(1_000);
  const changed = await operators.ask(`PATCH ${base}/${id}`, { body: { eventTypes: null, reason } });
  expect(changed.body).toMatchObject({ eventTypes: null, description: 'first', url: 'https://idp.example/hook' });
  expect(await lastAction()).toMatchObject({ eventType: 'OPERATOR_ENDPOINT_CHANGE', changed: ['eventTypes'] });
  expect((await operators.ask(`PATCH ${base}/${id}`, { body: { reason } })).status).toBe(422);
  expect((await operators.ask(`PATCH ${base}/${id}`, { body: { enabled: false, reason } })).status).toBe(422);
  const types = ['guest.failed', 'guest.failed'];
  expect((await operators.ask(`PATCH ${base}/${id}`, { body: { eventTypes: types, reason } })).status).toBe(422);
});

test('a secret is replaced while the one before signs on for as long as was asked', async () => {
  const { id, secret } = (await create()).body;
  const answer = await operators.ask<{ secret: string }>(`POST ${base}/${id}/rotate-secret`, {
    body: { reason, overlapSeconds: 60 },
  });
  const nowMs = operators.clock.now();
  expect(answer.body).toMatchObject({ previousSecretUntil: new Date(nowMs + 60_000).toISOString() });
  expect(await operators.endpoints.secrets(id, nowMs + 59_999)).toEqual([answer.body.secret, secret]);
  expect(await operators.endpoints.secrets(id, nowMs + 60_000)).toEqual([answer.body.secret]);
  const action = await lastAction();
  expect(action).toMatchObject({ eventType: 'OPERATOR_ENDPOINT_SECRET_ROTATE', overlapSeconds: 60 });
  expect(JSON.stringify(action)).not.toContain('whsec_');
});

test('a disabled endpoint holds its deliveries until it is enabled and they are released', async () => {
  const { id } = (await create({ description: 'held' })).body;
  const disabled = await operators.ask(`POST ${base}/${id}/disable`, { body: { reason: 'Maintenance.' } });
  expect(disabled.body).toMatchObject({ enabled: false, disabledReason: 'Maintenance.' });
  const records = (await operators.actions()).length;
  // A second time changes nothing, so nothing is recorded.
  expect((await operators.ask(`POST ${base}/${id}/disable`, { body: { reason: 'Again.' } })).body).toMatchObject({
    disabledReason: 'Maintenance.',
  });
  expect(await operators.actions()).toHaveLength(records);

  await operators.guest();
  const kept = await operators.ask(`POST ${base}/${id}/enable`, { body: { reason } });
  expect(kept.body).toMatchObject({ enabled: true, disabledReason: null, released: 0 });
  const [held] = await operators.deliveries.list({ limit: 1, endpointId: id });
  expect(held?.state).toBe('held');
  const released = await operators.ask(`POST ${base}/${id}/enable`, { body: { reason, releaseHeld: true } });
  expect(released.body).toMatchObject({ enabled: true, released: 1 });
  expect((await operators.jobs()).at(-1)).toBe(held?.id);
});

test('more than one transaction takes is released all the same', async () => {
  const { id } = (await create()).body;
  await operators.ask(`POST ${base}/${id}/disable`, { body: { reason } });
  await operators.database.query(
    `insert into guestpass.deliveries (id, event_id, event_type, endpoint_id, body, state, created_at)
    select 'dlv_' || n, 'evt_' || n, 'guest.failed', $1, '{}', 'held', now() from generate_series(1, 2001) n`,
    [id],
  );
  const released = await operators.ask(`POST ${base}/${id}/enable`, { body: { reason, releaseHeld: true } });
  expect(released.body).toMatchObject({ released: 2_001 });
  expect(await operators.deliveries.undelivered()).toMatchObject({ held: 0 });
}, 20_000);

test('an endpoint that is removed is gone, and why is on record', async () => {
  const { id } = (await create()).body;
  expect((await operators.ask(`DELETE ${base}/${id}`)).status).toBe(422);
  const answer = await operators.ask(`DELETE ${base}/${id}?reason=${encodeURIComponent('Not used any more.')}`);
  expect(answer).toMatchObject({ status: 204, body: '' });
  expect(await lastAction()).toMatchObject({ eventType: 'OPERATOR_ENDPOINT_REMOVE', reason: 'Not used any more.' });
  for (const what of [`GET ${base}/${id}`, `DELETE ${base}/${id}?reason=again`]) {
    expect((await operators.ask(what)).status).toBe(404);
  }
  for (const path of ['rotate-secret', 'enable', 'disable']) {
    expect((await operators.ask(`POST ${base}/${id}/${path}`, { body: { reason } })).status).toBe(404);
  }
});

test('what cannot be put on record is not done', async () => {
  const { endpoints, attempts } = operators;
  const { ask, ...rest } = await openOperators({
    endpoints,
    attempts: { ...attempts, recordEvent: () => Promise.reject(new Error('The disk is full.')) },
  });
  const before = await endpoints.list();
  expect((await ask(`POST ${base}`, { body: { url: 'https://idp.example/hook', reason } })).status).toBe(500);
  const [{ id } = { id: '' }] = before;
  expect((await ask(`POST ${base}/${id}/disable`, { body: { reason } })).status).toBe(500);
  expect(await endpoints.list()).toEqual(before);
  await rest[Symbol.asyncDispose]();
});
