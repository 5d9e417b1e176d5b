import type { Exchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOperatorSessions } from './http/operator-sessions.ts';
import { createSignInDesk, operatorIn } from './operator-sign-in.ts';
import { masterKey } from './testing/guests.ts';

const provider = {
  issuer: 'https://id.example',
  clientId: 'gateway',
  scope: 'openid email',
  nameClaim: 'email',
  roleClaim: 'groups',
  roles: [
    { value: 'compliance', role: 'auditor' },
    { value: 'contact centre', role: 'operator' },
  ],
} as const;

const email = 'ana@example.com';

test.each([
  ['one group', { email, groups: 'contact centre' }, 'operator'],
  [
    'some groups, of which the first that is configured counts',
    { email, groups: ['contact centre', 'compliance'] },
    'auditor',
  ],
  ['a verified address', { email, email_verified: true, groups: ['compliance'] }, 'auditor'],
  ['an address that is verified in words', { email, email_verified: 'true', groups: ['compliance'] }, 'auditor'],
])('%s', (_name, claims, role) => {
  expect(operatorIn(claims, provider)).toEqual({ name: email, role, issuer: 'https://id.example' });
});

test.each([
  ['no group', { email }, 'no_role'],
  ['other groups', { email, groups: ['sales', { value: 'compliance' }] }, 'no_role'],
  ['part of a group', { email, groups: 'compliance officers' }, 'no_role'],
  ['no name', { groups: 'compliance' }, 'name_unusable'],
  ['a name that is no text', { email: [email], groups: 'compliance' }, 'name_unusable'],
  ['a name of two lines', { email: 'ana\nben', groups: 'compliance' }, 'name_unusable'],
  ['the name of the shared token', { email: 'Operator', groups: 'compliance' }, 'name_unusable'],
  ['that name in wide letters', { email: 'ｏｐｅｒａｔｏｒ', groups: 'compliance' }, 'name_unusable'],
  ['that name with a space behind', { email: 'operator\u00a0', groups: 'compliance' }, 'name_unusable'],
  ['a space for a name', { email: ' ', groups: 'compliance' }, 'name_unusable'],
  ['an address that is not verified', { email, email_verified: false, groups: 'compliance' }, 'email_not_verified'],
  ['one that is not in words', { email, email_verified: 'false', groups: 'compliance' }, 'email_not_verified'],
])('with %s nobody comes in', (_name, claims, failure) => {
  expect(operatorIn(claims, provider)).toEqual({ outcome: 'refused', failure });
});

test('an address that is not verified gives no role either', () => {
  const byAddress = {
    ...provider,
    nameClaim: 'sub',
    roleClaim: 'email',
    roles: [{ value: email, role: 'admin' }],
  } as const;
  expect(operatorIn({ sub: '17', email, email_verified: false }, byAddress)).toMatchObject({
    failure: 'email_not_verified',
  });
  expect(operatorIn({ sub: '17', email, email_verified: true }, byAddress)).toMatchObject({ role: 'admin' });
});

const metadata = {
  issuer: 'https://id.example',
  authorization_endpoint: 'https://id.example/auth',
  token_endpoint: 'https://id.example/token',
};

/** A provider that knows no code, and a desk before it. */
function setUp({ clientId = 'gateway' } = {}) {
  const clock = manualClock();
  const asked: string[] = [];
  const exchange: Exchange = async ({ url }) => {
    asked.push(url);
    const isMetadata = url.endsWith('/.well-known/openid-configuration');
    const answer = isMetadata ? metadata : { error: 'invalid_grant' };
    const headers = { 'content-type': 'application/json' };
    return { status: isMetadata ? 200 : 400, headers, body: new TextEncoder().encode(JSON.stringify(answer)) };
  };
  const sessions = createOperatorSessions({ keyOf: () => Buffer.alloc(32, 1), clock });
  const config = () => ({ ...provider, clientId, clientSecret: 'hush' });
  const desk = createSignInDesk({ config, sessions, masterKey, exchange, clock });
  const begin = async () => {
    const begun = await desk.begin('https://ops.example');
    if (begun.outcome !== 'begun') throw new Error(begun.failure);
    const state = new URL(begun.url).searchParams.get('state') ?? '';
    return { cookie: begun.cookie, answer: new URLSearchParams({ code: 'code-1', state }) };
  };
  const finish = async ({ cookie, answer }: { cookie: string; answer: URLSearchParams }, address = '192.0.2.1') => {
    const end = await desk.finish({ cookies: cookie.replace(/;.*/, ''), answer, address });
    return end.outcome === 'signed_in' ? end.operator.name : end.failure;
  };
  return { clock, asked, begin, finish };
}

test('what was begun is sealed, for one browser, ten minutes and encrypted connections', async () => {
  const { clock, asked, begin, finish } = setUp();
  const begun = await begin();
  expect(begun.cookie).toMatch(/^guestpass_sign_in=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/);
  expect(await finish({ ...begun, cookie: begun.cookie.replace(/=.{9}/, '=AAAAAAAAA') })).toBe('not_begun_here');
  await clock.advance(600_000);
  expect(await finish(begun)).toBe('not_begun_here');
  expect(asked).toEqual(['https://id.example/.well-known/openid-configuration']);
});

test('what was begun for one client of the provider does not end for another', async () => {
  const begun = await setUp().begin();
  expect(await setUp().finish(begun)).toBe('invalid_grant');
  expect(await setUp({ clientId: 'other' }).finish(begun)).toBe('not_begun_here');
});

test('whoever fails ten times in a minute is not tried at the provider again, and others are', async () => {
  const { asked, begin, finish } = setUp();
  const begun = await begin();
  for (let index = 0; index < 10; index += 1) expect(await finish(begun)).toBe('invalid_grant');
  const before = asked.length;
  expect(await finish(begun)).toBe('too_many');
  expect(asked.length).toBe(before);
  expect(await finish(begun, '198.51.100.7')).toBe('invalid_grant');
});

test('whoever tries many at once is not tried more often', async () => {
  const { clock, asked, begin, finish } = setUp();
  const begun = await begin();
  const failures = await Promise.all(Array.from({ length: 50 }, () => finish(begun)));
  expect(failures.filter((failure) => failure === 'invalid_grant')).toHaveLength(10);
  expect(asked.filter((url) => url.endsWith('/token'))).toHaveLength(10);
  await clock.advance(70_000);
  expect(await finish(begun)).toBe('invalid_grant');
});
