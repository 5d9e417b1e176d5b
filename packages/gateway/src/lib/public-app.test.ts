import { GuestpassError, systemClock } from 'guestpass';
import { expect, test } from 'vitest';
import { createClientAddress } from './http/client-address.ts';
import { createLoadGate } from './http/load-gate.ts';
import { createOrigins } from './http/origins.ts';
import { createProblems } from './http/problem.ts';
import { createRateLimits } from './http/rate-limits.ts';
import { createMemoryRates } from './http/rate-store.ts';
import { createPublicApp } from './public-app.ts';

const problems = createProblems();
const origins = createOrigins({ allowed: [] });
const rates = createRateLimits({
  rates: { address: 10, subnet: 10, channel: 10, total: 10 },
  store: createMemoryRates({ clock: systemClock }),
});

/** An app whose captcha challenges fail like this. */
function appThatFails(error: Error) {
  const told: unknown[] = [];
  const app = createPublicApp({
    desk: {
      admit: () => Promise.reject(error),
      gate: createLoadGate({ eventLoopDelayMs: () => 0 }),
      rates,
      origins,
      problems,
    },
    altcha: { challenge: () => Promise.reject(error) },
    challengeRates: rates,
    origins,
    problems,
    clientAddress: createClientAddress({ isTrusted: () => false }),
    onError: (thrown) => told.push(thrown),
  });
  return { app, told };
}

test('a malfunction is told to the operator, and the caller learns nothing of it', async () => {
  const broken = new TypeError('secret of ours');
  const { app, told } = appThatFails(broken);
  const response = await app.request('/captcha/challenge');
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ code: 'internal_error', requestId: response.headers.get('x-request-id') });
  expect(text).not.toContain('secret');
  expect(told).toEqual([broken]);
});

test('an error that has a code keeps it', async () => {
  const { app } = appThatFails(new GuestpassError('storage_unavailable', 'The database is away.'));
  const response = await app.request('/captcha/challenge');
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.objectContaining({ code: 'storage_unavailable' }),
  ]);
});

test('the type of an error leads to a page that this listener has, and every code has its place on it', async () => {
  const { app } = appThatFails(new GuestpassError('storage_unavailable', 'The database is away.'));
  const at = 'http://gateway.test/nowhere';
  const { type } = Object(await (await app.request(at)).json());
  const address = new URL(type, at);
  expect(address.hash).toBe('#not_found');
  const page = await app.request(address.href);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  const text = await page.text();
  expect(text).toContain('<h2 id="not_found">');
  expect(text).not.toMatch(/<(?:script|link|img|iframe)|\ssrc=|href="[^#]/);
});

test('every answer names its trace, which is that of a traced caller', async () => {
  const { app } = appThatFails(new GuestpassError('storage_unavailable', 'The database is away.'));
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  for (const path of ['/captcha/challenge', '/nowhere', '/docs/errors']) {
    const answered = (await app.request(path, { headers })).headers.get('traceparent');
    expect(answered).toMatch(new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
  }
  const [one, another] = await Promise.all([app.request('/nowhere'), app.request('/nowhere')]);
  expect(one.headers.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(one.headers.get('traceparent')).not.toBe(another.headers.get('traceparent'));
});

test('without notices nothing is withdrawn here, and there are no keys', async () => {
  const { app } = appThatFails(new GuestpassError('storage_unavailable', 'The database is away.'));
  const withdrawal = await app.request('/v1/withdrawals', { method: 'POST' });
  expect([withdrawal.status, (await app.request('/v1/consent-keys')).status]).toEqual([404, 404]);
});
