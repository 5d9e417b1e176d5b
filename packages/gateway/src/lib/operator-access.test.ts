import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOperatorAccess } from './operator-access.ts';
import { masterKey } from './testing/guests.ts';

const old = 'operator-token-of-yesterday-0123456789';
const fresh = 'operator-token-of-today-0123456789-0123';
const address = '192.0.2.1';

function setUp() {
  const state = { token: old };
  const access = createOperatorAccess({ token: () => state.token, masterKey, clock: manualClock() });
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const request = new Request('http://127.0.0.1:4001/v1/attempts', { headers });
    return (await access.gate.refuse(request, address))?.code ?? 'let in';
  };
  const withToken = (token: string) => ask({ authorization: `Bearer ${token}` });
  const session = () => access.sessions.open().split(';')[0] ?? '';
  return { state, access, withToken, session, withSession: (cookie: string) => ask({ cookie }) };
}

test('a token that became another lets nobody in, nor does a session of its browsers', async () => {
  const { state, withToken, session, withSession, access } = setUp();
  const cookie = session();
  expect([await withToken(old), await withToken(fresh), await withSession(cookie)]).toEqual([
    'let in',
    'unauthorized_operator',
    'let in',
  ]);
  state.token = fresh;
  expect([await withToken(fresh), await withToken(old), await withSession(cookie)]).toEqual([
    'let in',
    'unauthorized_operator',
    'unauthorized_operator',
  ]);
  expect(access.sessions.isOpen(cookie)).toBe(false);
  expect(await withSession(session())).toBe('let in');
});

test('a new token forgives no wrong guesses', async () => {
  const { state, withToken } = setUp();
  for (let guess = 0; guess < 10; guess += 1) await withToken(`guess-${guess}`);
  state.token = fresh;
  expect(await withToken(fresh)).toBe('too_many_requests');
});
