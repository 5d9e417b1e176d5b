import { GuestpassError } from 'guestpass';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOperatorGate } from '../../http/operator-gate.ts';
import { createMemoryRates } from '../../http/rate-store.ts';
import { operations } from '../../openapi/operations.ts';
import { newAttemptId } from '../../testing/guests.ts';
import { type Operators, openOperators, operatorToken, testOperators } from '../../testing/operators.ts';

let operators: Operators;

beforeAll(async () => {
  operators = await openOperators({
    metrics: { contentType: 'text/plain; version=0.0.4', metrics: async () => 'guestpass_up 1\n' },
  });
});

afterAll(() => operators[Symbol.asyncDispose]());

const described = operations.filter(({ listener }) => listener !== 'public');

test('every error code is told with what to do about it', async () => {
  const { body } = await operators.ask<{ data: { code: string; remedy: string }[] }>('GET /v1/errors');
  expect(body.data.find(({ code }) => code === 'endpoint_not_found')?.remedy).toContain('web-messaging');
});

test('what is described is there, and what is there is described', () => {
  const there = operators.app.routes
    // The console is a page, and no part of the API.
    .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/console'))
    .map(({ method, path }) => `${method} ${path}`);
  const told = described.map(({ method, path }) => `${method.toUpperCase()} ${path.replace('{id}', ':id')}`);
  expect(there.toSorted()).toEqual(told.toSorted());
});

test('everything but health and what errors mean asks for the token', async () => {
  // A gate of its own, so that the failures of this test lock nobody out.
  const rates = createMemoryRates({ clock: operators.clock });
  const { ask, ...rest } = await openOperators({
    gate: createOperatorGate({ operators: () => testOperators, failures: rates, maxFailures: 1_000 }),
  });
  const statuses = new Map<string, number>();
  for (const { id, method, path } of described) {
    const what = `${method.toUpperCase()} ${path.replace('{id}', newAttemptId())}`;
    statuses.set(id, (await ask(what, { token: null })).status);
  }
  const open = [...statuses].filter(([, status]) => status !== 401);
  expect(open).toEqual([
    ['getOperatorSignIn', 200],
    ['beginOperatorSignIn', 404],
    ['finishOperatorSignIn', 404],
    ['isAlive', 200],
    ['isHealthy', 200],
    ['isReady', 200],
    ['isStarted', 200],
    ['getErrorDocs', 200],
  ]);
  expect((await ask('GET /nowhere', { token: null })).status).toBe(401);
  expect((await ask('GET /livez/', { token: null })).status).toBe(401);
  await rest[Symbol.asyncDispose]();
});

test('a token in the address is refused, and too many wrong ones lock the address out', async () => {
  const { ask, ...rest } = await openOperators();
  expect((await ask(`GET /v1/attempts?token=${operatorToken}`)).body).toMatchObject({
    code: 'token_in_url',
    status: 400,
  });
  for (let i = 0; i < 10; i += 1) await ask('GET /v1/attempts', { token: 'wrong' });
  const locked = await ask('GET /v1/attempts');
  expect(locked).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
  expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await ask('GET /livez')).status).toBe(200);
  await rest[Symbol.asyncDispose]();
});

test('what is not there, or not with this method, is told as problem details', async () => {
  expect((await operators.ask('GET /nowhere')).body).toMatchObject({ status: 404, code: 'not_found' });
  expect((await operators.ask('GET /v1/attempts/nonsense')).body).toMatchObject({ status: 404, code: 'not_found' });
  expect((await operators.ask('GET /v1/attempts/%E0%A4%A')).status).toBe(404);
  const deleted = await operators.ask('DELETE /v1/deliveries/replays');
  expect(deleted).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(deleted.headers.get('allow')?.split(', ')).toContain('POST');
  const patched = await operators.ask(`PATCH /v1/attempts`);
  expect(patched.headers.get('allow')).toBe('GET, HEAD');
});

test('every answer has the security headers, the request id, and nothing for other origins', async () => {
  const headers = { Origin: 'https://elsewhere.example', 'X-Request-Id': 'request-1234' };
  for (const what of [
    'GET /livez',
    'GET /v1/attempts',
    'GET /nowhere',
    'GET /v1/attempts?limit=x',
    'OPTIONS /v1/attempts',
  ]) {
    const { headers: answered } = await operators.ask(what, { headers });
    expect(answered.get('x-request-id')).toBe('request-1234');
    expect(answered.get('x-content-type-options')).toBe('nosniff');
    expect(answered.get('cache-control')).toBe('no-store');
    expect([...answered.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

test('faults of a query or a body are told at once, each in its place, and nothing of the input comes back', async () => {
  const query = await operators.ask('GET /v1/attempts?limit=0&limit=1&outcome=canary&after=-1&canary=1&guest=%00');
  expect(query).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
  expect(query.body).toHaveProperty('errors', [
    { pointer: '/limit', detail: 'must be given once' },
    { pointer: '/after', detail: 'must be a whole number' },
    { pointer: '/outcome', detail: 'must be intent or admitted or refused or failed or unknown' },
    { pointer: '/guest', detail: 'must not contain control characters or line breaks' },
    { pointer: '/canary', detail: 'is not a known field' },
  ]);
  const body = await operators.ask('POST /v1/deliveries/replays', {
    body: { dryRun: false, filter: {}, more: 'canary' },
  });
  expect(body.body).toHaveProperty('errors', [
    { pointer: '/filter', detail: 'must name at least one condition' },
    { pointer: '/reason', detail: 'is required' },
    { pointer: '/more', detail: 'is not a known field' },
  ]);
  expect(JSON.stringify(body.body)).not.toContain('canary');
  expect((await operators.ask('GET /v1/webhook-endpoints?limit=5')).status).toBe(422);
});

test.each([
  { is: 'no JSON', body: '{"dryRun":', status: 400, code: 'body_invalid' },
  { is: 'an object with a key twice', body: '{"dryRun":true,"dryRun":false}', status: 400, code: 'body_invalid' },
  { is: 'of another type', body: '{}', type: 'text/plain', status: 415, code: 'unsupported_media_type' },
  { is: 'too large', body: `{"reason":"${'x'.repeat(40_000)}"}`, status: 413, code: 'body_too_large' },
  { is: 'no object', body: '[]', status: 422, code: 'request_invalid' },
])('a body that is $is is refused', async ({ body, type, status, code }) => {
  const headers = type === undefined ? {} : { 'Content-Type': type };
  expect(await operators.ask('POST /v1/erasures', { body, headers })).toMatchObject({ status, body: { code } });
});

test('when the database is in trouble that is told, and when we are at fault nothing of it', async () => {
  const noticed: unknown[] = [];
  const broken = { ...operators.attempts };
  const app = (error: unknown) =>
    openOperators({
      attempts: { ...broken, list: () => Promise.reject(error) },
      onError: (fault, asker) => noticed.push([fault, asker]),
    });
  const away = await app(new GuestpassError('storage_unavailable', 'The database did not answer.'));
  expect(await away.ask('GET /v1/attempts')).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });
  await away[Symbol.asyncDispose]();

  const fault = new TypeError('canary');
  const faulty = await app(fault);
  const answer = await faulty.ask('GET /v1/attempts', { headers: { 'X-Request-Id': 'request-5678' } });
  expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  expect(JSON.stringify(answer.body)).not.toContain('canary');
  const operator = { name: 'operator', role: 'admin' };
  expect(noticed).toEqual([[fault, { requestId: 'request-5678', operator }]]);
  await faulty[Symbol.asyncDispose]();
});

test('a gateway that is not ready says so, and why to whoever asks', async () => {
  const checks = [
    { name: 'database', ok: true },
    { name: 'draining', ok: false, detail: 'This gateway is shutting down.' },
  ];
  const { ask, ...rest } = await openOperators({ readiness: async () => checks });
  expect(await ask('GET /readyz', { token: null })).toMatchObject({ status: 503, body: { status: 'not_ready' } });
  expect((await ask('GET /readyz?verbose', { token: null })).body).toEqual({ status: 'not_ready', checks });
  expect((await ask('GET /livez', { token: null })).body).toEqual({ status: 'ok' });
  expect((await ask('GET /metrics')).status).toBe(404);
  await rest[Symbol.asyncDispose]();
  expect((await operators.ask('GET /readyz?verbose')).body).toMatchObject({ status: 'ready', checks: [{ ok: true }] });
});

test('a gateway has started once, and whoever asks before is told to come again', async () => {
  let started = false;
  const { ask, ...rest } = await openOperators({ isStarted: () => started });
  expect(await ask('GET /startupz', { token: null })).toMatchObject({ status: 503, body: { status: 'starting' } });
  started = true;
  expect(await ask('GET /startupz', { token: null })).toMatchObject({ status: 200, body: { status: 'started' } });
  await rest[Symbol.asyncDispose]();
});

test('metrics come as they are', async () => {
  const { status, headers, body } = await operators.ask('GET /metrics');
  expect([status, headers.get('content-type'), body]).toEqual([200, 'text/plain; version=0.0.4', 'guestpass_up 1\n']);
});

test('the description of the API and its pages are served, and the pages load nothing', async () => {
  expect((await operators.ask('GET /openapi.json')).body).toMatchObject({ openapi: '3.1.1' });
  for (const path of ['/docs', '/docs/errors']) {
    const { headers, body } = await operators.ask<string>(`GET ${path}`);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; /);
    expect(body).not.toMatch(/<(?:script|link|img|iframe)|\ssrc=|url\(|@import/);
  }
});

const fieldOf = (headers: Headers) => headers.get('set-cookie') ?? '';
const own = { 'Sec-Fetch-Site': 'same-origin' };

test('a browser signs in with the token, reads and changes things with the cookie, and signs out', async () => {
  const opened = await operators.ask('POST /v1/operator-sessions', { headers: own });
  expect(opened).toMatchObject({ status: 204, body: '' });
  expect(fieldOf(opened.headers)).not.toContain(operatorToken);
  const headers = { Cookie: fieldOf(opened.headers).replace(/;.*/, ''), ...own };
  const withCookie = { token: null, headers };
  expect((await operators.ask('GET /v1/attempts', withCookie)).status).toBe(200);
  expect((await operators.ask('GET /openapi.json', withCookie)).status).toBe(200);
  const verified = await operators.ask('POST /v1/audit/verifications', { ...withCookie, body: {} });
  expect(verified).toMatchObject({ status: 200, body: { ok: true } });
  expect((await operators.ask('POST /v1/operator-sessions', withCookie)).status).toBe(401);

  const ended = await operators.ask('DELETE /v1/operator-sessions', withCookie);
  expect(ended.status).toBe(204);
  expect(fieldOf(ended.headers)).toMatch(/^guestpass_operator=;.* Max-Age=0$/);
  const after = await operators.ask('GET /v1/attempts', withCookie);
  expect(after).toMatchObject({ status: 401, body: { code: 'unauthorized_operator' } });
  expect(fieldOf(after.headers)).toMatch(/ Max-Age=0$/);
});

test('a page of another site can neither change nor read anything with the cookie of an operator', async () => {
  const opened = await operators.ask('POST /v1/operator-sessions');
  const cookie = fieldOf(opened.headers).replace(/;.*/, '');
  const foreign = { Cookie: cookie, 'Sec-Fetch-Site': 'same-site', Origin: 'http://127.0.0.1:3000' };
  const refused = { status: 403, body: { code: 'cross_site_request' } };
  expect(
    await operators.ask('POST /v1/audit/verifications', { token: null, headers: foreign, body: {} }),
  ).toMatchObject(refused);
  expect(await operators.ask('DELETE /v1/operator-sessions', { token: null, headers: foreign })).toMatchObject(refused);
  expect(await operators.ask('GET /v1/audit', { token: null, headers: foreign })).toMatchObject(refused);
  const silent = { token: null, headers: { Cookie: cookie } };
  expect(await operators.ask('POST /v1/audit/verifications', { ...silent, body: {} })).toMatchObject(refused);
});

test('over an encrypted connection the cookie stays on encrypted connections', async () => {
  const headers = { Origin: 'https://ops.example' };
  const { headers: answered } = await operators.ask('POST /v1/operator-sessions', { headers });
  expect(fieldOf(answered)).toMatch(/; Secure$/);
});

test('a browser that is not signed in gets a page to do that in place of a page, and of nothing else', async () => {
  const browser = { token: null, headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
  const page = await operators.ask<string>('GET /docs', browser);
  expect([page.status, page.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toMatch(
    /script-src 'sha256-[^']+'; connect-src 'self'; base-uri/,
  );
  expect(page.body).toContain('type="password"');
  for (const what of ['GET /v1/attempts', 'GET /openapi.json', 'GET /nowhere', 'HEAD /docs']) {
    const { status, headers } = await operators.ask(what, browser);
    expect([status, headers.get('content-type')]).toEqual([401, 'application/problem+json']);
  }
  expect((await operators.ask('GET /docs', { token: null })).headers.get('content-type')).toBe(
    'application/problem+json',
  );
});

test('asking for headers alone opens no stream', async () => {
  expect(await operators.ask('HEAD /v1/stream')).toMatchObject({ status: 200, body: '' });
  expect(operators.events.listeners).toBe(0);
  expect(operators.clock.pending).toBe(0);
});
