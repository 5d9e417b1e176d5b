import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { withRetry } from '../http/retry.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { type ClientCredentials, isTokenRateLimit, requestClientCredentials } from './client-credentials.ts';

const client: ClientCredentials = {
  tokenUrl: 'https://login.usw2.mygenesys.com/oauth/token',
  clientId: '2f9b1a7e-0000-4000-8000-5f6c7d8e9f00',
  clientSecret: 'Secret_canary-1.2~3',
  scope: 'webmessaging:guest:create openid',
};
const token = 'canary.Access-Token_1~2+3/4==';
const whole = { access_token: token, token_type: 'bearer', expires_in: 86_399 };

function reply(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { 'content-type': 'application/json', 'inin-correlation-id': 'c0ffee-1', ...headers },
    body: new TextEncoder().encode(text),
  };
}

function answering(response: HttpResponse) {
  const requests: HttpRequest[] = [];
  const exchange: Exchange = async (request) => {
    requests.push(request);
    return response;
  };
  return { exchange, requests };
}

const issue = (body: unknown, more: Partial<ClientCredentials> = {}) =>
  requestClientCredentials(answering(reply(200, body)).exchange, { ...client, ...more }, {});

/** The error a reply leads to, held against the canaries: neither secret nor body may show anywhere in it. */
async function errorFor(outcome: HttpResponse | ExchangeError, more: Partial<ClientCredentials> = {}) {
  const exchange: Exchange = async () => {
    if (outcome instanceof ExchangeError) throw outcome;
    return outcome;
  };
  const error: unknown = await requestClientCredentials(exchange, { ...client, ...more }, {}).catch((caught) => caught);
  if (!isGuestpassError(error)) throw new Error(`Expected a GuestpassError, got ${inspect(error)}.`);
  const seen = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + JSON.stringify(error);
  expect(seen).not.toMatch(/canary/i);
  expect(seen).not.toContain(btoa(`${client.clientId}:${client.clientSecret}`));
  return error;
}

test('asks by a form with Basic authentication, and hands signal and deadline on', async () => {
  const { exchange, requests } = answering(reply(200, whole));
  const { signal } = new AbortController();
  await requestClientCredentials(exchange, client, { signal, deadlineAt: 4_000 });
  expect(requests).toHaveLength(1);
  const [request] = requests;
  expect(request).toMatchObject({ method: 'POST', url: client.tokenUrl, signal, deadlineAt: 4_000 });
  expect(request?.headers).toMatchObject({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
  });
  expect(Object.fromEntries(new URLSearchParams(String(request?.body)))).toEqual({
    grant_type: 'client_credentials',
    scope: 'webmessaging:guest:create openid',
  });
});

test('asks for no scope when none is wanted', async () => {
  const { exchange, requests } = answering(reply(200, whole));
  const { scope: _, ...unscoped } = client;
  await requestClientCredentials(exchange, unscoped, {});
  await requestClientCredentials(exchange, { ...client, scope: '' }, {});
  expect(requests.map(({ body }) => body)).toEqual(['grant_type=client_credentials', 'grant_type=client_credentials']);
  expect(requests.map((request) => ['signal', 'deadlineAt'].filter((name) => name in request))).toEqual([[], []]);
});

async function credentialsSent(clientId: string, clientSecret: string): Promise<string> {
  const { exchange, requests } = answering(reply(200, whole));
  await requestClientCredentials(exchange, { ...client, clientId, clientSecret }, {});
  return atob(requests[0]?.headers.authorization?.replace(/^Basic /, '') ?? '');
}

test('credentials made of letters, digits and marks are sent as they are', async () => {
  expect(await credentialsSent(client.clientId, client.clientSecret)).toBe(`${client.clientId}:${client.clientSecret}`);
});

test('any other credentials come back whole after form decoding', async () => {
  const text = fc.string({ unit: 'binary', minLength: 1 });
  await fc.assert(
    fc.asyncProperty(text, text, async (id, secret) => {
      const parts = (await credentialsSent(id, secret)).split(':');
      expect(parts.map((part) => new URLSearchParams(`v=${part}`).get('v'))).toEqual([id, secret]);
    }),
  );
});

test('a whole answer gives value, lifetime and tries', async () => {
  const tries = [
    { status: 429, durationMs: 3, waitedMs: 1000 },
    { status: 200, durationMs: 4 },
  ];
  const { exchange } = answering({ ...reply(200, { ...whole, token_type: 'Bearer' }), tries });
  await expect(requestClientCredentials(exchange, client, {})).resolves.toEqual({
    value: token,
    lifetimeMs: 86_399_000,
    tries,
  });
  await expect(issue(whole)).resolves.toMatchObject({ tries: [] });
});

test('what else the answer holds is not looked at', async () => {
  const extra = { scope: 7, refresh_token: '', id_token: 'not.a.jwt', __proto__: null, error: 'none' };
  await expect(issue({ ...whole, ...extra })).resolves.toMatchObject({ value: token });
});

test('hostile lifetimes leave a token that is neither spent at once nor kept for ever', async () => {
  const bodies: [string, number][] = [
    [`{"access_token":"t","token_type":"bearer"}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":null}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":0}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":-1}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":"x"}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":"NaN"}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":1e999}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":[60]}`, 300],
    [`{"access_token":"t","token_type":"bearer","expires_in":"120"}`, 120],
    [`{"access_token":"t","token_type":"bearer","expires_in":60}`, 60],
    [`{"access_token":"t","token_type":"bearer","expires_in":1e12}`, 172_800],
  ];
  const read = await Promise.all(bodies.map(async ([body]) => [body, (await issue(body)).lifetimeMs / 1000]));
  expect(read).toEqual(bodies);
});

test('an answer that holds no usable bearer token is invalid, whatever its status says', async () => {
  const bodies: unknown[] = [
    '<html>canary</html>',
    '',
    'null',
    '"canary"',
    '[{"access_token":"canary","token_type":"bearer"}]',
    '{"access_token":"canary","token_type":"bearer"',
    { token_type: 'bearer' },
    { ...whole, access_token: '' },
    { ...whole, access_token: 7 },
    { ...whole, access_token: null },
    { access_token: token },
    { ...whole, token_type: 'mac' },
    { ...whole, token_type: 'dpop' },
    { ...whole, token_type: ['bearer'] },
    { ...whole, access_token: 'canary token' },
    { ...whole, access_token: 'canary\r\nx-injected: 1' },
    { ...whole, access_token: 'canäry' },
    { ...whole, access_token: '=canary' },
    { ...whole, access_token: 'canary'.repeat(2000) },
  ];
  const replies = [...bodies.map((body) => reply(200, body)), reply(200, whole, { 'content-type': 'text/html' })];
  const errors = await Promise.all(replies.map((response) => errorFor(response)));
  expect(new Set(errors.map(({ code, status, correlationId }) => `${code} ${status} ${correlationId}`))).toEqual(
    new Set(['platform_response_invalid 200 c0ffee-1']),
  );
});

test('an unknown client, a wrong secret and a scope not granted are told apart and not worth repeating', async () => {
  const refusals: [number, string, RegExp][] = [
    [400, 'invalid_client', /does not know the client id \(400, invalid_client\)/],
    [401, 'invalid_client', /secret is wrong.*\(401, invalid_client\)/],
    [400, 'unauthorized_client', /does not allow this client/],
    [400, 'invalid_scope', /scope/],
    [400, 'unsupported_grant_type', /does not offer the client credentials grant/],
  ];
  for (const [status, error, message] of refusals) {
    const caught = await errorFor(reply(status, { error, description: 'canary', error_description: 'canary' }));
    expect(caught).toMatchObject({ code: 'credentials_rejected', retryable: false, status, correlationId: 'c0ffee-1' });
    expect(caught.message).toMatch(message);
    expect(caught.message).toContain('login.usw2.mygenesys.com');
  }
  const challenge = reply(401, '', { 'www-authenticate': 'Basic realm="canary"' });
  await expect(errorFor(challenge)).resolves.toMatchObject({ code: 'credentials_rejected', status: 401 });
});

test('other refusals say what kind they are', async () => {
  const codes = async (statuses: number[], body: unknown) =>
    Promise.all(statuses.map(async (status) => (await errorFor(reply(status, body))).code));
  expect(await codes([500, 501, 502, 503, 504, 599], '<html>canary')).toEqual(Array(6).fill('platform_unavailable'));
  expect(await codes([408, 425], 'canary')).toEqual(Array(2).fill('platform_unavailable'));
  expect(await codes([403], { error: 'canary' })).toEqual(['forbidden']);
  expect(await codes([101, 201, 204, 302, 307, 400, 404, 405, 413, 418], 'canary')).toEqual(
    Array(10).fill('platform_response_invalid'),
  );
  expect((await errorFor(reply(404, 'canary'))).message).toMatch(/login\.usw2\.mygenesys\.com.*host may be wrong/);
  expect((await errorFor(reply(400, { error: 'invalid_request' }))).message).toContain('invalid_request');
  expect((await errorFor(reply(400, { error: 'Canary, the secret' }))).message).toContain('(400)');
});

test('both dialects of a rate limit are one error, with the wait the platform asked for', async () => {
  const genesys = { error: 'invalid_request', description: 'Rate limit exceeded the maximum, canary' };
  const date = 'Mon, 15 Jan 2024 10:30:00 GMT';
  const limited: [HttpResponse, number | undefined][] = [
    [reply(429, 'canary', { 'retry-after': '7' }), 7_000],
    [reply(400, genesys, { 'retry-after': '61' }), 61_000],
    [reply(400, genesys), undefined],
    [reply(429, '', { 'retry-after': 'Mon, 15 Jan 2024 10:30:30 GMT', date }), 30_000],
    [reply(429, '', { 'retry-after': 'Mon, 15 Jan 2024 10:30:30 GMT' }), undefined],
    [reply(429, '', { 'retry-after': '-1' }), undefined],
    [reply(429, '', { 'retry-after': '9'.repeat(400) }), 3_600_000],
  ];
  const caught = await Promise.all(limited.map(async ([response]) => errorFor(response)));
  expect(caught.map(({ code, retryable }) => [code, retryable])).toEqual(limited.map(() => ['rate_limited', true]));
  expect(caught.map(({ retryAfterMs }) => retryAfterMs)).toEqual(limited.map(([, waitMs]) => waitMs));
});

test('a rate limit is told by status 400 and the beginning of the text', () => {
  const limits = [
    { error: 'invalid_request', description: 'rate limit exceeded' },
    { error: 'invalid_request', error_description: 'Rate limit exceeded. Try again.' },
    { error: 'rate limit exceeded' },
    { message: 'Rate Limit Exceeded' },
  ];
  expect(limits.map((body) => isTokenRateLimit(reply(400, body)))).toEqual(limits.map(() => true));
  const others = [
    { error: 'invalid_client', description: 'no rate limit exceeded' },
    { description: 7 },
    [],
    'text',
    '',
  ];
  expect(others.map((body) => isTokenRateLimit(reply(400, body)))).toEqual(others.map(() => false));
  expect([200, 401, 429, 500].map((status) => isTokenRateLimit(reply(status, limits[0])))).toEqual(
    Array(4).fill(false),
  );
});

test("behind retries, the endpoint's rate limit is waited out and refused credentials are not repeated", async () => {
  const clock = manualClock();
  const limit = reply(400, { error: 'invalid_request', description: 'rate limit exceeded' }, { 'retry-after': '2' });
  const behindRetries = async (answers: HttpResponse[]) => {
    const exchange: Exchange = async () => answers.shift() ?? reply(500, '');
    const retried = withRetry(exchange, { clock, random: () => 0.5, idempotent: true, transient: isTokenRateLimit });
    return requestClientCredentials(retried, client, {}).catch((error: unknown) => error);
  };
  const issued = await clock.settle(behindRetries([limit, limit, reply(200, whole)]));
  expect(issued).toMatchObject({ value: token, tries: [{ status: 400 }, { status: 400 }, { status: 200 }] });
  expect(clock.monotonic()).toBeGreaterThanOrEqual(4_000);

  const refusals = [reply(401, { error: 'invalid_client' }), reply(400, { error: 'invalid_client' })];
  await expect(clock.settle(behindRetries(refusals))).resolves.toMatchObject({ code: 'credentials_rejected' });
  await expect(clock.settle(behindRetries(refusals))).resolves.toMatchObject({ code: 'credentials_rejected' });
  expect(refusals).toEqual([]);

  const spent = await clock.settle(behindRetries(Array(9).fill(limit)));
  expect(spent).toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 2_000,
    cause: { tries: Array(4).fill({ status: 400 }) },
  });
});

test('no answer is an error that names the failure, and never an unknown outcome', async () => {
  const failing = (failure: string, more = {}) => errorFor(new ExchangeError(failure, { sent: 'maybe', ...more }));
  await expect(failing('deadline')).resolves.toMatchObject({ code: 'deadline_exceeded' });
  await expect(failing('aborted')).resolves.toMatchObject({ code: 'aborted' });
  const reset = await failing('ECONNRESET');
  expect(reset).toMatchObject({ code: 'platform_unavailable', retryable: true });
  expect(reset.message).toContain('(ECONNRESET)');
  await expect(failing('CERT_HAS_EXPIRED', { permanent: true })).resolves.toMatchObject({
    code: 'platform_unavailable',
    retryable: false,
  });
  await expect(failing('UND_ERR_SOCKET', { status: 200 })).resolves.toMatchObject({ status: 200 });
});

test('the tries behind a failure can be read from its cause', async () => {
  const tries = [
    { status: 429, durationMs: 3, waitedMs: 1000 },
    { status: 429, durationMs: 4 },
  ];
  await expect(errorFor({ ...reply(429, ''), tries })).resolves.toMatchObject({ cause: { status: 429, tries } });
  const refused = new ExchangeError('ECONNREFUSED', { sent: 'no', tries });
  await expect(errorFor(refused)).resolves.toMatchObject({ cause: { tries } });
});

test('a fault of our own is passed on as it is', async () => {
  const fault = new TypeError('ours');
  await expect(requestClientCredentials(() => Promise.reject(fault), client, {})).rejects.toBe(fault);
});

test('a secret goes over https, or to this machine', async () => {
  const { exchange, requests } = answering(reply(200, whole));
  const ask = (tokenUrl: string) => requestClientCredentials(exchange, { ...client, tokenUrl }, {});
  await Promise.all(
    ['http://127.0.0.1:8080/oauth/token', 'http://localhost/t', 'http://[::1]:1/t', 'http://127.255.0.3/t'].map(ask),
  );
  expect(requests).toHaveLength(4);
  const refused = [
    'http://login.usw2.mygenesys.com/oauth/token',
    'http://127.0.0.1.example.com/t',
    'http://localhost.example.com/t',
    'http://10.0.0.1/t',
    'http://0.0.0.0/t',
    'ftp://login.usw2.mygenesys.com/t',
    'https://id:canary@login.usw2.mygenesys.com/t',
    '/oauth/token',
    '',
  ];
  const errors = await Promise.all(refused.map((tokenUrl) => errorFor(reply(200, whole), { tokenUrl })));
  expect(errors.map(({ code }) => code)).toEqual(refused.map(() => 'config_invalid'));
  await expect(Promise.allSettled(refused.map(ask))).resolves.toHaveLength(refused.length);
  expect(requests).toHaveLength(4);
});

test('empty credentials are never sent', async () => {
  await expect(errorFor(reply(200, whole), { clientId: '' })).resolves.toMatchObject({ code: 'config_invalid' });
  await expect(errorFor(reply(200, whole), { clientSecret: '' })).resolves.toMatchObject({ code: 'config_invalid' });
});
