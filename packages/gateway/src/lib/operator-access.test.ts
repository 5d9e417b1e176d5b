import { hash } from 'node:crypto';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOperatorAccess, tokenOperators, vouchedHolder } from './operator-access.ts';
import type { OperatorRole } from './settings/operator-roles.ts';
import { masterKey } from './testing/guests.ts';

const old = 'operator-token-of-yesterday-0123456789';
const fresh = 'operator-token-of-today-0123456789-0123';
const anaToken = 'token-of-ana-0123456789-0123456789-0123';
const address = '192.0.2.1';

interface State {
  token: string | undefined;
  ana: OperatorRole | 'gone';
}

function setUp() {
  const state: State = { token: old, ana: 'auditor' };
  const ana = (role: OperatorRole) => ({ name: 'ana', role, tokenSha256: hash('sha256', anaToken) });
  const operators = () =>
    tokenOperators({
      token: state.token,
      people: state.ana === 'gone' ? [] : [ana(state.ana)],
    });
  const access = createOperatorAccess({ operators, masterKey, clock: manualClock() });
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const request = new Request('http://127.0.0.1:4001/v1/attempts', { headers });
    const entry = await access.gate.admit(request, address);
    return entry.outcome === 'refused' ? entry.refusal.code : `${entry.operator.name}, ${entry.operator.role}`;
  };
  const withToken = (token: string) => ask({ authorization: `Bearer ${token}` });
  const session = (name = 'operator') => access.sessions.open(name).split(';')[0] ?? '';
  return { state, access, withToken, session, withSession: (cookie: string) => ask({ cookie }) };
}

test('a token that became another lets nobody in, nor does a session of its browsers', async () => {
  const { state, withToken, session, withSession, access } = setUp();
  const cookie = session();
  const shared = 'operator, admin';
  expect([await withToken(fresh), await withToken(old), await withSession(cookie)]).toEqual([
    'unauthorized_operator',
    shared,
    shared,
  ]);
  state.token = fresh;
  expect([await withToken(fresh), await withToken(old), await withSession(cookie)]).toEqual([
    shared,
    'unauthorized_operator',
    'unauthorized_operator',
  ]);
  expect(access.sessions.holder(cookie)).toBeUndefined();
  expect(await withSession(session())).toBe(shared);
});

test('a new token of one operator ends no session of another', async () => {
  const { state, session, withSession } = setUp();
  const cookie = session('ana');
  state.token = fresh;
  expect(await withSession(cookie)).toBe('ana, auditor');
});

test('a role that was changed is in force for sessions that are open', async () => {
  const { state, session, withSession, withToken } = setUp();
  const cookie = session('ana');
  state.ana = 'viewer';
  expect([await withSession(cookie), await withToken(anaToken)]).toEqual(['ana, viewer', 'ana, viewer']);
});

test('an operator who was taken out has no session and no token any more', async () => {
  const { state, session, withSession, withToken } = setUp();
  const cookie = session('ana');
  state.ana = 'gone';
  expect([await withSession(cookie), await withToken(anaToken)]).toEqual([
    'unauthorized_operator',
    'unauthorized_operator',
  ]);
});

test('where no token is configured there is no admin who is known by one', async () => {
  const { state, withToken } = setUp();
  state.token = undefined;
  expect([await withToken(old), await withToken(anaToken)]).toEqual(['unauthorized_operator', 'ana, auditor']);
});

test('a new token forgives no wrong guesses', async () => {
  const { state, withToken } = setUp();
  for (let guess = 0; guess < 10; guess += 1) await withToken(`guess-${guess}`);
  state.token = fresh;
  expect(await withToken(fresh)).toBe('too_many_requests');
});

test('the longest name that a provider may give holds a session', () => {
  const provider = {
    issuer: 'https://id.example',
    clientId: 'gateway',
    clientSecret: 'hush',
    scope: 'openid',
    nameClaim: 'sub',
    roleClaim: 'sub',
    roles: [],
  };
  const { sessions } = createOperatorAccess({ operators: () => [], provider, masterKey, clock: manualClock() });
  const holder = vouchedHolder({ name: '𝒜'.repeat(200), role: 'operator' });
  expect(sessions.holder(sessions.open(holder))).toBe(holder);
});
