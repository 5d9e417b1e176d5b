import { withSingleUse } from 'guestpass/captcha';
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
  const hanging = { claim: () => new Promise<boolean>(() => {}), forgetExpired: async () => {} };
  const claim = fleetCaptchaUses(hanging, clock).claim('hash', 60_000);
  void clock.advance(5_000);
  await expect(claim).rejects.toMatchObject({ code: 'storage_unavailable' });
});
