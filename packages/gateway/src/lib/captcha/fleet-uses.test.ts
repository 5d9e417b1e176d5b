import { type CaptchaVerdict, withSingleUse } from 'guestpass/captcha';
import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCaptchaUses } from '../store/captcha-uses.ts';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { fleetCaptchaUses } from './fleet-uses.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

test('of a hundred guests with one answer at two gateways the provider is asked about one', async () => {
  const clock = manualClock(noon);
  const asked: string[] = [];
  const gateway = () =>
    withSingleUse(
      {
        async verify({ response }) {
          asked.push(response);
          return { verdict: 'passed', score: null };
        },
      },
      { uses: fleetCaptchaUses(createCaptchaUses(database, masterKey), clock), clock },
    );
  const gateways = [gateway(), gateway()];
  const verdicts = await Promise.all(
    Array.from({ length: 100 }, (_, index) => gateways[index % 2]?.verify({ response: 'answer' }, {})),
  );
  expect(asked).toEqual(['answer']);
  expect(verdicts.filter((one) => one?.verdict === 'reused')).toHaveLength(99);
  await database.query(`update guestpass.captcha_uses set expires_at = expires_at - interval '10 minutes'`);
  expect(await gateways[1]?.verify({ response: 'answer' }, {})).toMatchObject({ verdict: 'passed' });
});

test('a database that hangs is not waited for longer than five seconds', async () => {
  const clock = manualClock();
  const never = new Promise<never>(() => {});
  const uses = fleetCaptchaUses({ claim: () => never, giveBack: () => never, forgetExpired: async () => {} }, clock);
  const asked = [uses.claim('hash', 60_000), uses.giveBack?.('hash')];
  const ended = Promise.allSettled(asked);
  await clock.advance(5_000);
  const late = { status: 'rejected', reason: { code: 'storage_unavailable' } };
  expect(await ended).toMatchObject([late, late]);
});

test('an answer that one gateway gives back because it asked nobody is good at the others', async () => {
  const clock = manualClock(noon);
  const ends: CaptchaVerdict[] = [
    { verdict: 'unavailable', reason: 'left_alone' },
    { verdict: 'passed', score: null },
  ];
  const gateway = () =>
    withSingleUse(
      { verify: async () => ends.shift() ?? { verdict: 'rejected', reason: 'invalid' } },
      { uses: fleetCaptchaUses(createCaptchaUses(database, masterKey), clock), clock },
    );
  const ask = () => gateway().verify({ response: 'given back' }, {});
  expect([await ask(), await ask(), await ask()]).toMatchObject([
    { reason: 'left_alone' },
    { verdict: 'passed' },
    { verdict: 'reused' },
  ]);
});
