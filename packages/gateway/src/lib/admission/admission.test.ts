import { createSimulator } from '@guestpass/simulator';
import { systemClock } from 'guestpass';
import { type Exchange, fetchExchange } from 'guestpass/http';
import { createPipeline } from 'guestpass/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AttemptStore, createAttemptStore } from '../store/attempts.ts';
import { masterKey, newAttemptId, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createAdmit } from './admission.ts';
import { createOutcomeKeeper } from './outcome-keeper.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const clock = systemClock;

const pipelineOver = (exchange: Exchange, deadlineMs = 10_000) =>
  createPipeline({
    deadlineMs,
    environment: 'http://127.0.0.1:4010',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    exchange,
    clock,
  });

/** As if all that are under way had begun long ago. */
const endLeases = () => database.query(`update guestpass.attempts set lease_until = now() where status = 'intent'`);

/** The platform answers, and in the meantime the records can no longer be written. */
function storeThatFails(toPlatform: Exchange) {
  const attempts = createAttemptStore({ database, masterKey, owner: 'failing', leaseMs: 1_000 });
  const exchange: Exchange = async (request) => {
    const response = await toPlatform(request);
    if (request.url.endsWith('/guests')) await attempts[Symbol.asyncDispose]();
    return response;
  };
  return { attempts, exchange };
}

test('a guest whose outcome cannot be recorded gets no pass, the operator is told, and it ends as unknown', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  const { attempts, exchange } = storeThatFails(fetchExchange(simulator.fetch));
  const pipeline = pipelineOver(exchange);
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => problems.push(error);
  const outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 200, onProblem });
  const { attempt, recorded } = await createAdmit({ pipeline, attempts, outcomes, clock })(payload);
  await pipeline.close();
  expect(simulator.stats().guestsCreated).toBe(1);
  expect(attempt).toMatchObject({
    outcome: 'unknown',
    stage: 'audit',
    error: { code: 'outcome_unknown', retryable: false, cause: { code: 'storage_unavailable' } },
    statusCodes: [201],
  });
  expect(recorded).toBe(false);
  expect(JSON.stringify(attempt)).not.toContain('sessionToken');
  expect(problems).toMatchObject([{ code: 'storage_unavailable', attemptId: attempt.id }]);

  await using other = createAttemptStore({ database, masterKey, owner: 'other' });
  expect((await other.get(attempt.id))?.status).toBe('intent');
  await endLeases();
  await other.recoverOrphans(clock.now());
  expect((await other.get(attempt.id))?.status).toBe('unknown');
});

test('a refusal that cannot be recorded is trouble with the storage: nobody came in', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  simulator.faults.add({ operation: 'guest', status: 403 });
  const { attempts, exchange } = storeThatFails(fetchExchange(simulator.fetch));
  const pipeline = pipelineOver(exchange);
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => problems.push(error);
  const outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 200, onProblem });
  const admit = createAdmit({ pipeline, attempts, outcomes, clock });
  const told = { code: 'storage_unavailable', attemptId: expect.stringMatching(/^att_/) };
  await expect(admit(payload)).rejects.toMatchObject(told);
  expect(problems).toMatchObject([told]);
  await pipeline.close();
});

test('a guest whose attempt outlived its lease gets no pass: it stands on record as unknown', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  await using attempts = createAttemptStore({ database, masterKey, owner: 'slow', leaseMs: 1_000 });
  const toPlatform = fetchExchange(simulator.fetch);
  // The process was stopped for a while, and another one of the fleet looked after what it left.
  const late: Exchange = async (request) => {
    const response = await toPlatform(request);
    if (response.status !== 201) return response;
    await endLeases();
    await attempts.recoverOrphans(clock.now());
    return response;
  };
  const pipeline = pipelineOver(late);
  const outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 1_000 });
  const { attempt, recorded } = await createAdmit({ pipeline, attempts, outcomes, clock })(payload);
  expect(simulator.stats().guestsCreated).toBe(1);
  expect([attempt.outcome, recorded]).toEqual(['unknown', true]);
  expect(attempt).toMatchObject({ stage: 'audit', error: { code: 'outcome_unknown', retryable: false } });
  expect(JSON.stringify(attempt)).not.toContain('sessionToken');
  expect((await attempts.get(attempt.id))?.status).toBe('unknown');
  await pipeline.close();
});

test('after a malfunction a key makes no second guest: its attempt is settled at once, and open', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  await using attempts = createAttemptStore({ database, masterKey, owner: 'broken' });
  await using outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 60_000 });
  const broken = new TypeError('broken');
  const toPlatform = fetchExchange(simulator.fetch);
  const exchange: Exchange = async (request) => {
    const response = await toPlatform(request);
    if (request.url.endsWith('/guests')) throw broken;
    return response;
  };
  const pipeline = pipelineOver(exchange);
  const admit = createAdmit({ pipeline, attempts, outcomes, clock });
  const ask = { idempotency: { scope: 'guests', key: newAttemptId() } };
  await expect(admit(payload, ask)).rejects.toBe(broken);
  expect(await admit(payload, ask)).toMatchObject({ replayed: true, attempt: { outcome: 'unknown' } });
  expect(simulator.stats().guestsCreated).toBe(1);
  await pipeline.close();
});

test('a guest whose receipt cannot be written is open, and what the platform said of it is kept', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  await using attempts = createAttemptStore({ database, masterKey, owner: 'unsigned' });
  await using outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 60_000 });
  const broken = new TypeError('no key');
  const consents = {
    receiptFor() {
      throw broken;
    },
  };
  const pipeline = pipelineOver(fetchExchange(simulator.fetch));
  const admit = createAdmit({ pipeline, attempts, outcomes, consents, clock });
  await expect(admit(payload)).rejects.toBe(broken);
  const [kept] = await attempts.list({ limit: 1, status: 'unknown' });
  expect(kept).toMatchObject({ code: 'outcome_unknown', stage: 'audit', status_codes: [201], guest_id: null });
  await pipeline.close();
});

test('a guest whose outcome cannot be written as it is stands as open at once', async () => {
  await using own = await testDatabase();
  await own.query(`create function guestpass.refuse() returns trigger language plpgsql as
    $$ begin raise exception 'not this one'; end $$`);
  await own.query(`create trigger refuse before update on guestpass.attempts for each row
    when (new.status = 'admitted') execute function guestpass.refuse()`);
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  await using attempts = createAttemptStore({ database: own, masterKey, owner: 'poisoned' });
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => problems.push(error);
  await using outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 60_000, onProblem });
  const pipeline = pipelineOver(fetchExchange(simulator.fetch));
  const admit = createAdmit({ pipeline, attempts, outcomes, clock });
  const ask = { idempotency: { scope: 'guests', key: newAttemptId() } };
  const { attempt } = await admit(payload, ask);
  expect(attempt).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown' } });
  expect(await attempts.get(attempt.id)).toMatchObject({ status: 'unknown', status_codes: [201] });
  expect(await admit(payload, ask)).toMatchObject({ replayed: true, attempt: { outcome: 'unknown' } });
  expect(problems).toMatchObject([{ code: 'storage_unavailable', cause: { message: 'not this one' } }]);
  await pipeline.close();
});

test('a malfunction is told as what it is also when the outcome cannot be recorded', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  const { attempts, exchange } = storeThatFails(fetchExchange(simulator.fetch));
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => problems.push(error);
  const outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 200, onProblem });
  const broken = new TypeError('broken');
  const pipeline = pipelineOver(async (request) => {
    const response = await exchange(request);
    if (request.url.endsWith('/guests')) throw broken;
    return response;
  });
  await expect(createAdmit({ pipeline, attempts, outcomes, clock })(payload)).rejects.toBe(broken);
  expect(problems).toMatchObject([{ code: 'storage_unavailable' }]);
  await pipeline.close();
});

test('an intent that is not recorded by the deadline is refused, and withdrawn when it is there after all', async () => {
  await using simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  await using attempts = createAttemptStore({ database, masterKey, owner: 'hanging' });
  await using outcomes = createOutcomeKeeper({ attempts, clock, leaseMs: 60_000 });
  const hanging = Promise.withResolvers<void>();
  const slow: AttemptStore = {
    ...attempts,
    async recordIntent(intent) {
      await hanging.promise;
      return await attempts.recordIntent(intent);
    },
  };
  const pipeline = pipelineOver(fetchExchange(simulator.fetch), 100);
  const idempotency = { scope: 'guests', key: newAttemptId() };
  const admit = createAdmit({ pipeline, attempts: slow, outcomes, clock });
  await expect(admit(payload, { idempotency })).rejects.toMatchObject({ code: 'storage_unavailable' });
  hanging.resolve();
  const withdrawn = () => attempts.list({ limit: 1, status: 'failed' });
  while ((await withdrawn()).length === 0);
  expect(await withdrawn()).toMatchObject([{ code: 'storage_unavailable', stage: 'audit' }]);
  // The key is free again, as after any attempt that made nobody.
  const next = { attemptId: newAttemptId(), payload, nowMs: clock.now(), idempotency };
  expect(await attempts.recordIntent(next)).toEqual({ outcome: 'claimed' });
  expect(simulator.stats().guestRequests).toBe(0);
  await pipeline.close();
});
