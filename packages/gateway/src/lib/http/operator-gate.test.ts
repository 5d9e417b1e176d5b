import { hash } from 'node:crypto';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { TokenOperator } from '../settings/operators.ts';
import { createOperatorGate, type OperatorEntry, type OperatorRequest } from './operator-gate.ts';
import { createOperatorSessions } from './operator-sessions.ts';
import { createMemoryRates } from './rate-store.ts';

const token = 'b3BlcmF0b3ItdG9rZW4tb2YtMzItYnl0ZXMtYW5kLW1vcmU';

const anaToken = 'YW5hLXRva2VuLW9mLTMyLWJ5dGVzLWFuZC1tb3JlLXN0aWxs';
const people: readonly TokenOperator[] = [
  { name: 'operator', role: 'admin', tokenSha256: hash('sha256', token) },
  { name: 'ana', role: 'auditor', tokenSha256: hash('sha256', anaToken) },
];
const operators = () => people;

function setup() {
  const clock = manualClock();
  const gate = createOperatorGate({ operators, failures: createMemoryRates({ clock }) });
  const ask = async (authorization: string | null, address = '127.0.0.1', url = 'http://127.0.0.1:4001/v1/audit') =>
    wordOf(await gate.admit(requestWith({ authorization }, { url }), address));
  return { clock, gate, ask };
}

const refusalIn = (entry: OperatorEntry) => (entry.outcome === 'refused' ? entry.refusal : undefined);
const wordOf = (entry: OperatorEntry) => refusalIn(entry)?.code ?? 'welcome';

type Fields = Readonly<Record<string, string | null>>;

/** A request with these headers. Unlike `Request`, it takes what no client could send. */
function requestWith(fields: Fields, { method = 'GET', url = 'http://127.0.0.1:4001/v1/audit' } = {}): OperatorRequest {
  return { method, url, headers: { get: (name) => fields[name] ?? null } };
}

test('the token lets an operator in', async () => {
  const { ask } = setup();
  expect(await ask(`Bearer ${token}`)).toBe('welcome');
  expect(await ask(`bearer ${token}`)).toBe('welcome');
});

test('whoever has a token is known by name and role', async () => {
  const { gate } = setup();
  const entryOf = (given: string) => gate.admit(requestWith({ authorization: `Bearer ${given}` }), '::1');
  expect(await entryOf(anaToken)).toEqual({ outcome: 'admitted', operator: { name: 'ana', role: 'auditor' } });
  expect(await entryOf(token)).toEqual({ outcome: 'admitted', operator: { name: 'operator', role: 'admin' } });
  expect(await setup().ask(`Bearer ${hash('sha256', anaToken)}`)).toBe('unauthorized_operator');
});

test.each([
  ['no header', null],
  ['an empty header', ''],
  ['no token', 'Bearer '],
  ['another token', `Bearer ${'x'.repeat(token.length)}`],
  ['a token that is one short', `Bearer ${token.slice(0, -1)}`],
  ['a token with one more', `Bearer ${token}x`],
  ['another scheme', `Basic ${token}`],
  ['the token alone', token],
  ['the header twice', `Bearer ${token}, Bearer ${token}`],
  ['ten kilobytes', `Bearer ${'x'.repeat(10_240)}`],
  ['a space behind', `Bearer ${token} `],
  ['a line break behind', `Bearer ${token}\n`],
])('with %s nobody comes in', async (_name, authorization) => {
  expect(await setup().ask(authorization)).toBe('unauthorized_operator');
});

test('a refusal says which scheme to use, and nothing of the token', async () => {
  const { gate } = setup();
  const refusal = refusalIn(await gate.admit(requestWith({ authorization: 'Bearer canary' }), '::1'));
  expect(refusal?.headers).toEqual({ 'WWW-Authenticate': 'Bearer realm="guestpass"' });
  expect(JSON.stringify(refusal)).not.toContain('canary');
});

test('after ten failures in a minute an address is locked out, even with the token, and others are not', async () => {
  const { clock, gate, ask } = setup();
  for (let i = 0; i < 10; i += 1) expect(await ask('Bearer wrong')).toBe('unauthorized_operator');
  expect(await ask('Bearer wrong')).toBe('too_many_requests');
  expect(await ask(`Bearer ${token}`)).toBe('too_many_requests');
  expect(await ask(`Bearer ${token}`, '192.0.2.1')).toBe('welcome');
  const refusal = refusalIn(await gate.admit(requestWith({}), '127.0.0.1'));
  await clock.advance(refusal?.retryAfterMs ?? 0);
  expect(await ask(`Bearer ${token}`)).toBe('welcome');
});

test('operators who are in are never locked out by their own calls', async () => {
  const { ask } = setup();
  for (let i = 0; i < 50; i += 1) expect(await ask(`Bearer ${token}`)).toBe('welcome');
});

test.each([
  '?token=x',
  '?a=1&access_token=',
  `?x=${token}`,
  `?x=${anaToken}`,
  '?Authorization=Bearer%20x',
  '?api_key=1',
])('a token in the address is refused: %s', async (query) => {
  const { ask } = setup();
  expect(await ask(`Bearer ${token}`, '::1', `http://localhost/v1/audit${query}`)).toBe('token_in_url');
  expect(await ask(`Bearer ${token}`, '::1', 'http://localhost/v1/audit?after=10&limit=5')).toBe('welcome');
});

test('an address with thousands of values is no more work for many operators', async () => {
  let looks = 0;
  const counted = () => {
    looks += 1;
    return people;
  };
  const gate = createOperatorGate({ operators: counted, failures: createMemoryRates({ clock: manualClock() }) });
  const url = `http://localhost/v1/audit?${Array.from({ length: 3_000 }, (_, index) => `v${index}=${index}`).join('&')}`;
  await gate.admit(requestWith({}, { url }), '::1');
  expect(looks).toBe(1);
});

test('whoever sends no token has guessed nothing', async () => {
  const { ask } = setup();
  for (let i = 0; i < 50; i += 1) expect(await ask(null)).toBe('unauthorized_operator');
  expect(await ask(`Bearer ${token}`)).toBe('welcome');
});

function withSession() {
  const clock = manualClock();
  const sessions = createOperatorSessions({ keyOf: () => Buffer.alloc(32, 1), clock });
  const bySession = (cookies: string | null) => people.find(({ name }) => name === sessions.holder(cookies));
  const gate = createOperatorGate({ operators, failures: createMemoryRates({ clock }), bySession });
  const cookie = sessions.open('ana').replace(/;.*$/, '');
  const ask = async (method: string, fields: Fields, address = '127.0.0.1') =>
    wordOf(await gate.admit(requestWith({ cookie, ...fields }, { method }), address));
  return { clock, gate, sessions, cookie, ask };
}

test.each([
  { method: 'GET', from: 'its own page', fields: { 'sec-fetch-site': 'same-origin' }, expected: 'welcome' },
  {
    method: 'POST',
    from: 'its own page',
    fields: { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:4001' },
    expected: 'welcome',
  },
  {
    method: 'DELETE',
    from: 'its own page behind a proxy',
    fields: { 'sec-fetch-site': 'same-origin', origin: 'https://ops' },
    expected: 'welcome',
  },
  { method: 'GET', from: 'the address bar', fields: { 'sec-fetch-site': 'none' }, expected: 'welcome' },
  { method: 'POST', from: 'nowhere', fields: { 'sec-fetch-site': 'none' }, expected: 'cross_site_request' },
  { method: 'GET', from: 'another port', fields: { 'sec-fetch-site': 'same-site' }, expected: 'cross_site_request' },
  { method: 'POST', from: 'another port', fields: { 'sec-fetch-site': 'same-site' }, expected: 'cross_site_request' },
  { method: 'POST', from: 'another site', fields: { 'sec-fetch-site': 'cross-site' }, expected: 'cross_site_request' },
  {
    method: 'POST',
    from: 'its own page, in an old browser',
    fields: { origin: 'http://127.0.0.1:4001' },
    expected: 'welcome',
  },
  {
    method: 'POST',
    from: 'another port, in an old browser',
    fields: { origin: 'http://127.0.0.1:4000' },
    expected: 'cross_site_request',
  },
  {
    method: 'GET',
    from: 'another site, in an old browser',
    fields: { origin: 'https://elsewhere.example' },
    expected: 'cross_site_request',
  },
  { method: 'POST', from: 'a page without an origin', fields: { origin: 'null' }, expected: 'cross_site_request' },
  { method: 'PATCH', from: 'who knows', fields: {}, expected: 'cross_site_request' },
  { method: 'HEAD', from: 'who knows', fields: {}, expected: 'welcome' },
])('$method with a session, asked from $from', async ({ method, fields, expected }) => {
  expect(await withSession().ask(method, fields)).toBe(expected);
});

test('the token needs no page, and a wrong one is not made good by a session', async () => {
  const { ask } = withSession();
  expect(await ask('POST', { authorization: `Bearer ${token}`, 'sec-fetch-site': 'cross-site' })).toBe('welcome');
  expect(await ask('GET', { authorization: 'Bearer wrong' })).toBe('unauthorized_operator');
});

test('a session goes on where wrong tokens have locked the address out', async () => {
  const { ask } = withSession();
  for (let i = 0; i < 11; i += 1) await ask('GET', { authorization: 'Bearer wrong' });
  expect(await ask('GET', { authorization: `Bearer ${token}` })).toBe('too_many_requests');
  expect(await ask('GET', {})).toBe('welcome');
});

test('a session that has ended is taken from the browser, and locks nobody out', async () => {
  const { clock, gate, cookie, ask } = withSession();
  await clock.advance(12 * 3_600_000);
  for (let i = 0; i < 50; i += 1) expect(await ask('GET', {})).toBe('unauthorized_operator');
  const refusal = refusalIn(await gate.admit(requestWith({ cookie }), '127.0.0.1'));
  expect(refusal?.headers?.['Set-Cookie']).toContain('Max-Age=0');
  expect(await ask('GET', { authorization: `Bearer ${token}` })).toBe('welcome');
});
