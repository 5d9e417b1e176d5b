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

test('a mark whose time is up counts no more, and is cleared away', async () => {
  const uses = createCaptchaUses(database, masterKey);
  const old = { ...answer, response: 'old', expiresAtMs: noon };
  expect(await uses.claim(old, noon - 1)).toBe(true);
  expect(await uses.claim({ ...old, expiresAtMs: noon + 5 }, noon)).toBe(true);
  await uses.forgetExpired(noon + 5);
  expect(await uses.claim({ ...old, expiresAtMs: noon + 9 }, noon)).toBe(true);
});
