import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOperatorSessions } from './operator-sessions.ts';

const hours = 3_600_000;

function setup(key = 'k'.repeat(32)) {
  const clock = manualClock();
  return { clock, sessions: createOperatorSessions({ key: Buffer.from(key), clock }) };
}

/** What a browser sends back of a `Set-Cookie` field. */
const sentBack = (field: string) => field.replace(/;.*$/, '');

test('a session is a cookie that no script can read and no other site can use', () => {
  const { sessions } = setup();
  expect(sessions.open()).toMatch(
    /^guestpass_operator=\d+\.[\w-]{22}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  expect(sessions.open({ secure: true })).toMatch(/; Max-Age=43200; Secure$/);
  expect(sessions.open()).not.toBe(sessions.open());
});

test('a session goes on for twelve hours, among other cookies too', async () => {
  const { clock, sessions } = setup();
  const cookie = sentBack(sessions.open());
  expect(sessions.isOpen(cookie)).toBe(true);
  expect(sessions.isOpen(`a=b; ${cookie}; theme=dark`)).toBe(true);
  await clock.advance(12 * hours - 1);
  expect(sessions.isOpen(cookie)).toBe(true);
  await clock.advance(1);
  expect(sessions.isOpen(cookie)).toBe(false);
});

test('a session that was signed out does not come back, and others go on', () => {
  const { sessions } = setup();
  const [mine, yours] = [sentBack(sessions.open()), sentBack(sessions.open())];
  expect(sessions.end(mine)).toBe('guestpass_operator=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
  expect([sessions.isOpen(mine), sessions.isOpen(yours)]).toEqual([false, true]);
  // Signing out what is no session is no error.
  expect(sessions.end(null)).toBe(sessions.end(mine));
});

test('gateways with one key take each other’s sessions, and no gateway those of another key', () => {
  const cookie = sentBack(setup().sessions.open());
  expect(setup().sessions.isOpen(cookie)).toBe(true);
  expect(setup('x'.repeat(32)).sessions.isOpen(cookie)).toBe(false);
});

test.each([
  ['a later end', (cookie: string) => cookie.replace(/=\d/, '=9')],
  ['another id', (cookie: string) => cookie.replace(/\.[\w-]{22}\./, `.${'A'.repeat(22)}.`)],
  ['another signature', (cookie: string) => cookie.replace(/[\w-]{43}$/, 'A'.repeat(43))],
  ['no signature', (cookie: string) => cookie.replace(/\.[\w-]{43}$/, '')],
  ['another name', (cookie: string) => `x${cookie}`],
  ['nothing', () => ''],
])('a cookie with %s is no session', (_name, forge) => {
  const { sessions } = setup();
  const cookie = sentBack(sessions.open());
  expect(forge(cookie)).not.toBe(cookie);
  expect(sessions.isOpen(forge(cookie))).toBe(false);
  expect(sessions.isOpen(null)).toBe(false);
});
