import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOperatorSessions } from './operator-sessions.ts';

const hours = 3_600_000;

function setup(key = 'k'.repeat(32)) {
  const clock = manualClock();
  const keyOf = (holder: string) => (holder === 'nobody' ? undefined : Buffer.from(`${holder} ${key}`));
  return { clock, sessions: createOperatorSessions({ keyOf, clock }) };
}

/** What a browser sends back of a `Set-Cookie` field. */
const sentBack = (field: string) => field.replace(/;.*$/, '');

test('a session is a cookie that no script can read and no other site can use', () => {
  const { sessions } = setup();
  expect(sessions.open('ana')).toMatch(
    /^guestpass_operator=\d+\.[\w-]{22}\.YW5h\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  expect(sessions.open('ana', { secure: true })).toMatch(/; Max-Age=43200; Secure$/);
  expect(sessions.open('ana')).not.toBe(sessions.open('ana'));
});

test('a session goes on for twelve hours, among other cookies too', async () => {
  const { clock, sessions } = setup();
  const cookie = sentBack(sessions.open('ana'));
  expect(sessions.holder(cookie)).toBe('ana');
  expect(sessions.holder(`a=b; ${cookie}; theme=dark`)).toBe('ana');
  await clock.advance(12 * hours - 1);
  expect(sessions.holder(cookie)).toBe('ana');
  await clock.advance(1);
  expect(sessions.holder(cookie)).toBeUndefined();
});

test('a session that was signed out does not come back, and others go on', () => {
  const { sessions } = setup();
  const [mine, yours] = [sentBack(sessions.open('ana')), sentBack(sessions.open('ana'))];
  expect(sessions.end(mine)).toBe('guestpass_operator=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
  expect([sessions.holder(mine), sessions.holder(yours)]).toEqual([undefined, 'ana']);
  // Signing out what is no session is no error.
  expect(sessions.end(null)).toBe(sessions.end(mine));
});

test('a cookie of the same name from elsewhere hides no session, and signing out ends each', () => {
  const { sessions } = setup();
  const [mine, yours] = [sentBack(sessions.open('ana')), sentBack(sessions.open('ana'))];
  const forged = mine.replace(/[\w-]{43}$/, 'A'.repeat(43));
  expect(sessions.holder(`guestpass_operator=x; ${forged}; ${mine}`)).toBe('ana');
  sessions.end(`${forged}; ${mine};${yours}`);
  expect([sessions.holder(mine), sessions.holder(yours)]).toEqual([undefined, undefined]);
});

test('whoever has no key opens no session', () => {
  expect(() => setup().sessions.open('nobody')).toThrow(TypeError);
});

test('gateways with one key take each other’s sessions, and no gateway those of another key', () => {
  const cookie = sentBack(setup().sessions.open('ana'));
  expect(setup().sessions.holder(cookie)).toBe('ana');
  expect(setup('x'.repeat(32)).sessions.holder(cookie)).toBeUndefined();
});

test.each([
  ['a later end', (cookie: string) => cookie.replace(/=\d/, '=9')],
  ['another id', (cookie: string) => cookie.replace(/\.[\w-]{22}\./, `.${'A'.repeat(22)}.`)],
  ['another holder', (cookie: string) => cookie.replace('.YW5h.', `.${Buffer.from('eva').toString('base64url')}.`)],
  ['another signature', (cookie: string) => cookie.replace(/[\w-]{43}$/, 'A'.repeat(43))],
  ['no signature', (cookie: string) => cookie.replace(/\.[\w-]{43}$/, '')],
  ['another name', (cookie: string) => `x${cookie}`],
  ['nothing', () => ''],
])('a cookie with %s is no session', (_name, forge) => {
  const { sessions } = setup();
  const cookie = sentBack(sessions.open('ana'));
  expect(forge(cookie)).not.toBe(cookie);
  expect(sessions.holder(forge(cookie))).toBeUndefined();
  expect(sessions.holder(null)).toBeUndefined();
});
