import { systemClock } from 'guestpass';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createCaptchaUses } from './captcha-uses.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const answer = { provider: 'altcha', response: 'solution-canary', expiresAtMs: noon + 600_000 };

test('of a hundred uses of one answer at two gateways one is the first', async () => {
  const gateways = [createCaptchaUses(database, masterKey), createCaptchaUses(database, masterKey)];
  const claims = await Promise.all(Array.from({ length: 100 }, (_, index) => gateways[index % 2]?.claim(answer, noon)));
  expect(claims.filter((first) => first)).toHaveLength(1);
});

test('another provider has answers of its own, and none is stored as it is', async () => {
  const uses = createCaptchaUses(database, masterKey);
  expect(await uses.claim({ ...answer, provider: 'turnstile' }, noon)).toBe(true);
  expect(await uses.claim({ ...answer, provider: 'turnstile' }, noon)).toBe(false);
  const rows = await database.query(`select count(*)::int from guestpass.captcha_uses u where u::text like '%canary%'`);
  expect(rows).toEqual([{ count: 0 }]);
});

const passBy = (span: string) =>
  database.query('update guestpass.captcha_uses set expires_at = expires_at - $1::interval', [span]);

const countMarks = () => database.query('select count(*)::int from guestpass.captcha_uses');

test('a mark whose time is up counts no more, and is cleared away', async () => {
  await database.query('truncate guestpass.captcha_uses');
  const uses = createCaptchaUses(database, masterKey);
  expect(await uses.claim(answer, noon)).toBe(true);
  await passBy('9 minutes');
  await uses.forgetExpired();
  expect(await uses.claim(answer, noon)).toBe(false);
  await passBy('1 minute');
  expect(await uses.claim(answer, noon)).toBe(true);
  expect(await uses.claim(answer, noon)).toBe(false);
  await passBy('10 minutes');
  await uses.forgetExpired();
  expect(await countMarks()).toEqual([{ count: 0 }]);
});

test('a gateway whose clock is days ahead or behind frees no answer that another has seen', async () => {
  const uses = createCaptchaUses(database, masterKey);
  const nowMs = systemClock.now();
  const seen = { ...answer, response: 'seen', expiresAtMs: nowMs + 600_000 };
  expect(await uses.claim(seen, nowMs)).toBe(true);
  const ahead = nowMs + 2 * 86_400_000;
  expect(await uses.claim({ ...seen, expiresAtMs: ahead + 600_000 }, ahead)).toBe(false);
  const behind = nowMs - 2 * 86_400_000;
  const other = { ...answer, response: 'seen behind', expiresAtMs: behind + 600_000 };
  expect(await uses.claim(other, behind)).toBe(true);
  await uses.forgetExpired();
  expect(await uses.claim({ ...other, expiresAtMs: nowMs + 600_000 }, nowMs)).toBe(false);
});
