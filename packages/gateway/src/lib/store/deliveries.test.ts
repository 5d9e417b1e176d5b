import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Work } from '../database/connect.ts';
import { admitted, failed, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { type AttemptStore, createAttemptStore } from './attempts.ts';
import { createDeliveryStore, type DeliveryStore } from './deliveries.ts';
import { createEndpointStore, type EndpointStore } from './endpoints.ts';
import type { NewDelivery } from './new-deliveries.ts';

let database: TestDatabase;
let attempts: AttemptStore;
let deliveries: DeliveryStore;
let endpoints: EndpointStore;

beforeAll(async () => {
  database = await testDatabase();
  await database.query('create table jobs (delivery text)');
  const announce = async (work: Work, announced: readonly NewDelivery[]) => {
    for (const { id } of announced) await sql`insert into jobs values (${id})`.execute(work);
  };
  attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1', announce });
  deliveries = createDeliveryStore({ database, masterKey, announce });
  endpoints = createEndpointStore(database, masterKey);
});

afterAll(async () => {
  await attempts[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

beforeEach(() =>
  database.query('truncate jobs, guestpass.delivery_attempts, guestpass.deliveries, guestpass.webhook_endpoints'),
);

const endpoint = (eventTypes: readonly string[] | null = null) =>
  endpoints.create({ url: 'https://idp.example/hook', eventTypes, secret: 'whsec_x' }, noon);

async function guest(make: typeof admitted | typeof failed = admitted, nowMs = noon): Promise<string> {
  const attemptId = newAttemptId();
  await attempts.recordIntent({ attemptId, payload, nowMs });
  await attempts.recordOutcome(make(attemptId), nowMs);
  return attemptId;
}

const finished = (number: number, outcome = 'http_503') => ({
  number,
  startedAtMs: noon + number * 1_000,
  durationMs: 20,
  outcome,
  responseStatus: 503,
  responseExcerpt: 'busy',
});

const jobs = async () => (await database.query('select delivery from jobs')).map(({ delivery }) => delivery);

test('each endpoint gets what it wants to hear, as one event with one body', async () => {
  const [all, failures] = [await endpoint(), await endpoint(['guest.failed'])];
  await guest(admitted);
  await guest(failed);
  const listed = await deliveries.list({ limit: 9 });
  expect(listed.map(({ endpoint_id, event_type }) => [endpoint_id, event_type])).toEqual([
    [failures.id, 'guest.failed'],
    [all.id, 'guest.failed'],
    [all.id, 'guest.authenticated'],
  ]);
  expect(listed[0]?.event_id).toBe(listed[1]?.event_id);
  const bodies = await Promise.all(listed.slice(0, 2).map(async ({ id }) => (await deliveries.get(id))?.body));
  expect(bodies[0]?.equals(bodies[1] ?? Buffer.of())).toBe(true);
  expect(await deliveries.list({ limit: 9, endpointId: failures.id })).toHaveLength(1);
});

test('each event carries the number of its audit record, also of many that are kept at once', async () => {
  await endpoint();
  const ids = Array.from({ length: 20 }, newAttemptId);
  await Promise.all(ids.map((attemptId) => attempts.recordIntent({ attemptId, payload, nowMs: noon })));
  const terms = { basis: 'asked for', nowMs: noon };
  await Promise.all(
    ids.flatMap((attemptId, index) => [
      attempts.recordOutcome((index % 2 === 0 ? admitted : failed)(attemptId), noon),
      attempts.recordOutcome(failed(attemptId), noon),
      attempts.withdrawConsent({ attemptId, ...terms }),
    ]),
  );
  await Promise.all(ids.slice(0, 5).map((attemptId) => attempts.eraseGuest({ attemptId, ...terms })));
  const records = await database.query('select sequence, event_type, attempt_id from guestpass.audit_records');
  const recorded = new Map(
    records.map(({ sequence, event_type, attempt_id }) => [Number(sequence), [event_type, attempt_id]]),
  );
  const told = (await deliveries.getAll((await deliveries.list({ limit: 99 })).map(({ id }) => id)))
    .flatMap(({ body }) => (body ? [JSON.parse(body.toString())] : []))
    .map(({ type, data }) => ({ type: `WEBMESSAGING_${type.toUpperCase().replace('.', '_')}`, ...data }));
  // What was told before of the five that are erased is gone: 20 x 2 - 5 x 2 + 5.
  expect(told).toHaveLength(35);
  for (const { type, attemptId, sequence } of told) expect(recorded.get(sequence)).toEqual([type, attemptId]);
});

test('what is due for a disabled endpoint is held, and its job not made', async () => {
  const { id } = await endpoint();
  await endpoints.disable(id, 'broken', noon);
  await guest();
  expect(await deliveries.count()).toEqual({ pending: 0, delivered: 0, dead: 0, held: 1 });
  expect(await deliveries.undelivered()).toEqual({ pending: 0, dead: 0, held: 1 });
  expect(await jobs()).toEqual([]);
  expect(await deliveries.replay({ state: 'held' }, { nowMs: noon })).toEqual([]);

  await endpoints.enable(id, noon);
  expect(await deliveries.countReplay({ state: 'held', endpointId: id })).toBe(1);
  const released = await deliveries.replay({ state: 'held', endpointId: id }, { nowMs: noon });
  expect(await jobs()).toEqual(released);
  expect(await deliveries.oldestPending()).toEqual(new Date(noon));

  await deliveries.recordTry(released[0] ?? '', finished(1), { state: 'held' });
  expect(await deliveries.undelivered()).toMatchObject({ held: 1 });
  await endpoints.remove(id, noon);
  expect(await deliveries.undelivered()).toMatchObject({ held: 0 });
});

test('tries are kept in order, and a worker that lost its turn writes nothing', async () => {
  await endpoint();
  const attemptId = await guest();
  const [{ id } = { id: '' }] = await deliveries.list({ limit: 1, attemptId });
  expect(await deliveries.recordTry(id, finished(1), { state: 'pending', nextAtMs: noon + 5_000 })).toBe(true);
  expect(await deliveries.recordTry(id, finished(1), { state: 'dead' })).toBe(false);
  expect(await deliveries.get(id)).toMatchObject({ state: 'pending', tries: 1, next_at: new Date(noon + 5_000) });
  expect(await deliveries.recordTry(id, finished(2, 'delivered'), { state: 'delivered' })).toBe(true);
  expect(await deliveries.recordTry(id, finished(3), { state: 'dead' })).toBe(false);
  expect(await deliveries.get(id)).toMatchObject({
    state: 'delivered',
    next_at: null,
    settled_at: new Date(noon + 2_020),
  });
  expect((await deliveries.tries(id)).map(({ try: number, outcome }) => [number, outcome])).toEqual([
    [1, 'http_503'],
    [2, 'delivered'],
  ]);
});

test('a replay brings back what the filter names, same id and bytes, and goes on counting tries', async () => {
  await endpoint();
  const [early, late] = [await guest(admitted, noon), await guest(admitted, noon + 60_000)];
  const ids = await Promise.all(
    [early, late].map(async (attemptId) => (await deliveries.list({ limit: 1, attemptId }))[0]?.id ?? ''),
  );
  for (const id of ids) await deliveries.recordTry(id, finished(1), { state: 'dead' });
  await database.query('truncate jobs');
  const before = await deliveries.get(ids[1] ?? '');

  const filter = { state: 'dead' as const, fromMs: noon + 60_000, toMs: noon + 60_001 };
  expect(await deliveries.countReplay(filter)).toBe(1);
  expect(await deliveries.replay(filter, { nowMs: noon + 90_000 })).toEqual([ids[1]]);
  expect(await deliveries.replay(filter, { nowMs: noon + 90_000 })).toEqual([]);
  expect(await jobs()).toEqual([ids[1]]);
  const after = await deliveries.get(ids[1] ?? '');
  expect(after).toEqual({ ...before, state: 'pending', next_at: new Date(noon + 90_000), settled_at: null });
  expect(await deliveries.recordTry(ids[1] ?? '', finished(2, 'delivered'), { state: 'delivered' })).toBe(true);
  expect(await deliveries.replay({ ids: [ids[0] ?? ''] }, { nowMs: noon })).toEqual([ids[0]]);
});

test('of many the oldest are brought back first, as many as are asked for', async () => {
  await endpoint();
  for (const nowMs of [noon, noon + 1, noon + 2]) await guest(admitted, nowMs);
  const ids = (await deliveries.list({ limit: 9 })).map(({ id }) => id).toReversed();
  for (const id of ids) await deliveries.recordTry(id, finished(1), { state: 'held' });
  expect((await deliveries.replay({ state: 'held' }, { nowMs: noon, limit: 2 })).toSorted()).toEqual(
    ids.slice(0, 2).toSorted(),
  );
  expect(await deliveries.replay({ state: 'held' }, { nowMs: noon, limit: 2 })).toEqual(ids.slice(2));
});
