import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { createSignInClient } from './sign-in-client.ts';

const begins = Date.parse('2026-01-15T10:30:00Z');
const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const byCode = { code: 'code-to-hide', redirectUri: 'https://shop.example.test/callback', codeVerifier };
const byIdToken = { idToken: 'id-token-to-hide', nonce: 'nonce-to-hide' };
const refreshToken = 'refresh-to-hide';
const granted = { jwt: 'jwt-to-hide', refreshToken };

const answer = (status: number, body: unknown = {}, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'inin-correlation-id': 'corr-1', ...headers },
  body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
});
const lost = new ExchangeError('ECONNRESET', { sent: 'maybe' });
const unsent = new ExchangeError('ECONNREFUSED', { sent: 'no' });

/** A platform that plays its results in order, the last one for ever. */
function platform(...results: readonly (HttpResponse | ExchangeError)[]) {
  const sent: HttpRequest[] = [];
  const clock = manualClock(begins);
  const exchange: Exchange = async (request) => {
    sent.push(request);
    const result = results[Math.min(sent.length, results.length) - 1];
    if (!result || result instanceof ExchangeError) throw result;
    return result;
  };
  const headers = { origin: 'https://shop.example.test' };
  const apiUrl = 'https://api.example.test';
  const client = createSignInClient({ apiUrl, exchange, clock, random: () => 0.5, headers });
  return { client, clock, sent };
}

/** What a call ends with: its error, or what it resolved to. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => error);
}

const paths = 'https://api.example.test/api/v2/webdeployments/token';
const jwtWith = (claims: unknown) =>
  ['e30', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'signature'].join('.');

test('a code is exchanged for a JWT and a refresh token', async () => {
  const { client, sent } = platform(answer(200, { ...granted, more: 1 }));
  expect(await client.exchange('demo', byCode, { deadlineAt: 7 })).toEqual({
    signedIn: { jwt: 'jwt-to-hide', refreshToken, expiresAt: '2026-01-15T10:44:00.000Z' },
    tries: [],
  });
  expect(sent).toMatchObject([
    {
      method: 'POST',
      url: `${paths}/oauthcodegrantjwtexchange`,
      headers: {
        origin: 'https://shop.example.test',
        accept: 'application/json',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ deploymentId: 'demo', oauth: byCode }),
    },
  ]);
});

test('an ID token brings a JWT alone', async () => {
  const { client } = platform(answer(200, { jwt: 'jwt-to-hide' }));
  expect(await client.exchange('demo', byIdToken)).toMatchObject({ signedIn: { refreshToken: null } });
});

test('a refresh brings another JWT, and the refresh token stays unless another one comes', async () => {
  const { client, sent } = platform(
    answer(200, { jwt: 'second' }),
    answer(200, { jwt: 'third', refreshToken: 'next' }),
  );
  expect(await client.refresh('demo', refreshToken)).toMatchObject({ signedIn: { jwt: 'second', refreshToken } });
  expect(await client.refresh('demo', refreshToken)).toMatchObject({
    signedIn: { jwt: 'third', refreshToken: 'next' },
  });
  expect(sent[0]).toMatchObject({
    method: 'POST',
    url: `${paths}/refresh`,
    body: JSON.stringify({ refreshToken, deploymentId: 'demo' }),
  });
});

test('a revocation sends the JWT and brings nothing', async () => {
  const { client, sent } = platform(answer(204, ''));
  expect(await client.revoke('jwt-to-hide')).toBeUndefined();
  expect(sent[0]).toMatchObject({ method: 'DELETE', headers: { authorization: 'bearer jwt-to-hide' } });
  expect(sent[0]).not.toHaveProperty('body');
});

test.each([
  ['tells in seconds', { exp: begins / 1000 + 60 }, '2026-01-15T10:31:00.000Z'],
  ['lies in the past', { exp: begins / 1000 - 60 }, '2026-01-15T10:44:00.000Z'],
  ['is further away than any is', { exp: 1e15 }, '2026-01-15T10:44:00.000Z'],
  ['is no number', { exp: 'soon' }, '2026-01-15T10:44:00.000Z'],
  ['is not there', {}, '2026-01-15T10:44:00.000Z'],
  ['would be in no object', null, '2026-01-15T10:44:00.000Z'],
])('an end of the JWT that %s is a hint and no more', async (_, claims, expiresAt) => {
  const { client } = platform(answer(200, { jwt: jwtWith(claims) }));
  expect(await client.exchange('demo', byIdToken)).toMatchObject({ signedIn: { expiresAt } });
});

const unusable: readonly [string, HttpResponse][] = [
  ['a page', answer(200, '<html>', { 'content-type': 'text/html' })],
  ['nothing', answer(204, '')],
  ['no JWT', answer(200, { refreshToken })],
  ['an empty JWT', answer(200, { jwt: '' })],
  ['a JWT that fits into no header', answer(200, { jwt: 'a\r\nb' })],
  ['a JWT far too long', answer(200, { jwt: 'a'.repeat(8193) })],
  ['a number for a JWT', answer(200, { jwt: 7 })],
  ['an object for a refresh token', answer(200, { jwt: 'a', refreshToken: {} })],
  ['a list', answer(200, [granted])],
  ['bytes that are not UTF-8', { status: 200, headers: {}, body: new Uint8Array([0xff, 0xfe]) }],
];

test.each(unusable)('an answer with %s is not valid', async (_, response) => {
  const { client } = platform(response);
  const error = await outcomeOf(client.exchange('demo', byCode));
  expect(error).toMatchObject({ code: 'platform_response_invalid', status: response.status });
});

test('an answer that is too large is not valid', async () => {
  const { client, sent } = platform(new ExchangeError('body_too_large', { sent: 'maybe', status: 200 }));
  expect(await outcomeOf(client.exchange('demo', byCode))).toMatchObject({ code: 'platform_response_invalid' });
  expect(sent.length).toBe(1);
});

const statuses = [
  { status: 302, code: 'platform_response_invalid', retryable: false },
  { status: 400, code: 'request_rejected', retryable: false },
  { status: 401, code: 'sign_in_rejected', retryable: false },
  { status: 403, code: 'forbidden', retryable: false },
  { status: 404, code: 'request_rejected', retryable: false },
  { status: 408, code: 'platform_unavailable', retryable: true },
  { status: 413, code: 'request_rejected', retryable: false },
  { status: 429, code: 'rate_limited', retryable: true },
  { status: 500, code: 'platform_unavailable', retryable: false },
  { status: 502, code: 'platform_unavailable', retryable: false },
  { status: 503, code: 'platform_unavailable', retryable: true },
  { status: 504, code: 'platform_unavailable', retryable: false },
];

test.each(statuses)('$status ends an exchange with $code', async ({ status, code, retryable }) => {
  const { client, clock } = platform(answer(status, {}));
  const error = await clock.settle(outcomeOf(client.exchange('demo', byCode)));
  expect(error).toMatchObject({ code, retryable, status, correlationId: 'corr-1' });
});

test('what must change is told: the deployment, its configuration, or each field', async () => {
  const errorOf = (response: HttpResponse) => outcomeOf(platform(response).client.exchange('demo', byCode));
  expect(await errorOf(answer(404, { code: 'not.found' }))).toMatchObject({
    detail: 'The platform does not know the deployment demo.',
  });
  expect(await errorOf(answer(404, 'not here'))).toMatchObject({ code: 'endpoint_not_found' });
  expect(await errorOf(answer(403, {}))).toMatchObject({ remedy: expect.stringContaining('allowed domains') });
  const details = [
    { errorCode: 'invalid.value', fieldName: 'oauth.codeVerifier' },
    { errorCode: 'code-to-hide', fieldName: 'code-to-hide' },
  ];
  expect(await errorOf(answer(400, { code: 'constraint.validation', details }))).toMatchObject({
    detail: 'The platform answered 400 to the exchange of the sign-in (constraint.validation).',
    faults: [
      { pointer: '/signIn/codeVerifier', detail: 'The platform says: invalid.value.' },
      { pointer: '', detail: 'The platform says: invalid.' },
    ],
  });
});

const once = answer(200, granted);

test.each([
  ['was not sent', unsent],
  ['met a 429', answer(429, {}, { 'retry-after': '2' })],
  ['met a 503', answer(503)],
])('an exchange that %s is repeated', async (_, first) => {
  const { client, clock, sent } = platform(first, once);
  const { tries } = await clock.settle(client.exchange('demo', byCode));
  expect(sent.length).toBe(2);
  expect(tries.length).toBe(2);
});

test('a 429 is waited for as long as the platform asks, and told when there is no time', async () => {
  const { client, clock } = platform(answer(429, {}, { 'retry-after': '7' }), once);
  await clock.settle(client.exchange('demo', byCode));
  expect(clock.monotonic()).toBe(7000);
  const pressed = platform(answer(429, {}, { 'retry-after': '7' }));
  expect(await outcomeOf(pressed.client.exchange('demo', byCode, { deadlineAt: 5000 }))).toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 7000,
  });
});

test.each([
  ['broke off', lost],
  ['met a 502', answer(502)],
  ['met a 504', answer(504)],
])('an exchange of a code that %s is not repeated, and the guest signs in again', async (_, first) => {
  const { client, clock, sent } = platform(first, once);
  const error = await clock.settle(outcomeOf(client.exchange('demo', byCode)));
  expect(error).toMatchObject({ code: 'platform_unavailable', retryable: false });
  expect(error).toMatchObject({ remedy: expect.stringContaining('sign in again') });
  expect(sent.length).toBe(1);
});

test('what is good more than once is sent again when it broke off', async () => {
  const calls: readonly ((of: ReturnType<typeof platform>) => Promise<unknown>)[] = [
    (of) => of.client.exchange('demo', byIdToken),
    (of) => of.client.refresh('demo', refreshToken),
    (of) => of.client.revoke('jwt-to-hide'),
  ];
  for (const call of calls) {
    const scene = platform(lost, once);
    await scene.clock.settle(call(scene));
    expect(scene.sent.length).toBe(2);
    const broken = platform(lost);
    const error = await broken.clock.settle(outcomeOf(call(broken)));
    expect(error).toMatchObject({ code: 'platform_unavailable', retryable: true });
  }
});

test('the deadline and the caller end a call, and a code that may have arrived is not called good', async () => {
  const client = (exchange: Exchange) => {
    const clock = manualClock(begins);
    const options = { apiUrl: 'https://api.example.test', exchange, clock, random: () => 0 };
    return { clock, ...createSignInClient(options) };
  };
  const deaf = client(() => new Promise(() => {}));
  const late = deaf.clock.settle(outcomeOf(deaf.exchange('demo', byCode, { deadlineAt: 5000 })));
  expect(await late).toMatchObject({ code: 'deadline_exceeded', retryable: false });
  expect(deaf.clock.pending).toBe(0);
  const early = platform(once);
  const aborted = outcomeOf(early.client.exchange('demo', byCode, { signal: AbortSignal.abort() }));
  expect(await aborted).toMatchObject({ code: 'aborted', retryable: true });
  expect(early.sent).toEqual([]);
});

test('an error holds every try, and nothing of what was sent', async () => {
  const { client, clock } = platform(answer(503), answer(401, { code: 'bad.credentials', message: 'code-to-hide' }));
  const error = await clock.settle(outcomeOf(client.exchange('demo', byCode)));
  expect(error).toMatchObject({
    detail: 'The platform did not accept the exchange of the sign-in (bad.credentials).',
    cause: { tries: [{ status: 503, waitedMs: 250 }, { status: 401 }] },
  });
  expect(isGuestpassError(error) && JSON.stringify([error, error.cause, error.stack])).not.toMatch(/to-hide/);
});

test('whatever the platform answers, a call ends with a JWT or with an error of ours', async () => {
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.record({ jwt: fc.anything(), refreshToken: fc.anything() }).map((value) => JSON.stringify(value) ?? ''),
    fc
      .record({ jwt: fc.stringMatching(/^[\w.~+/-]{1,40}=*$/), exp: fc.integer() })
      .map((value) => JSON.stringify(value)),
  );
  const anyAnswer = fc.record({ status: fc.integer({ min: 100, max: 599 }), body });
  await fc.assert(
    fc.asyncProperty(anyAnswer, async ({ status, body: text }) => {
      const { client, clock } = platform(answer(status, text));
      const outcome = await clock.settle(outcomeOf(client.exchange('demo', byCode)));
      if (isGuestpassError(outcome)) return;
      expect(outcome).toMatchObject({ signedIn: { jwt: expect.stringMatching(/^[\w.~+/-]+=*$/) } });
      expect(status >= 200 && status < 300).toBe(true);
    }),
  );
});
