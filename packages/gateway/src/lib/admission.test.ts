import { createSimulator } from '@guestpass/simulator';
import { systemClock } from 'guestpass';
import { type Exchange, fetchExchange } from 'guestpass/http';
import { createPipeline } from 'guestpass/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAdmit } from './admission.ts';
import { createAttemptStore } from './store/attempts.ts';
import { masterKey, payload } from './testing/guests.ts';
import { type TestDatabase, testDatabase } from './testing/postgres.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

test('a guest whose attempt outlived its lease gets no pass: it stands on record as unknown', async () => {
  const clock = systemClock;
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  await using attempts = createAttemptStore({ database, masterKey, owner: 'slow', leaseMs: 1_000 });
  const toPlatform = fetchExchange(simulator.fetch);
  // The process was stopped for a while, and another one of the fleet looked after what it left.
  const late: Exchange = async (request) => {
    const response = await toPlatform(request);
    if (response.status === 201) await attempts.recoverOrphans(clock.now() + 1_001);
    return response;
  };
  const pipeline = createPipeline({
    environment: 'http://127.0.0.1:4010',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    exchange: late,
    clock,
  });
  const { attempt, recorded } = await createAdmit({ pipeline, attempts, clock })(payload);
  expect(simulator.stats().guestsCreated).toBe(1);
  expect([attempt.outcome, recorded]).toEqual(['unknown', true]);
  expect(attempt).toMatchObject({ stage: 'audit', error: { code: 'outcome_unknown', retryable: false } });
  expect(JSON.stringify(attempt)).not.toContain('sessionToken');
  expect((await attempts.get(attempt.id))?.status).toBe('unknown');
  await pipeline.close();
});
