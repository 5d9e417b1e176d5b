import type { Attempt } from 'guestpass';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDatabase } from '../database/connect.ts';
import { tablesHolding } from '../testing/every-table.ts';
import { admitted, failed, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { type AttemptStore, createAttemptStore } from './attempts.ts';
import { createAuditStore } from './audit.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createEndpointStore } from './endpoints.ts';
import { createHoldStore } from './holds.ts';
import { createRetentionStore } from './retention.ts';

const day = 86_400_000;

let database: TestDatabase;
let store: AttemptStore;

beforeEach(async () => {
  database = await testDatabase();
  const endpoints = createEndpointStore(database, masterKey);
  await endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  store = createAttemptStore({ database, masterKey, owner: 'gateway-1', keyRetentionMs: 1_000 * day });
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function guest(nowMs = noon, make: (id: string) => Attempt = admitted): Promise<string> {
  const attemptId = newAttemptId();
  await store.recordIntent({ attemptId, payload, nowMs, idempotency: { scope: 'channel-1', key: attemptId } });
  await store.recordOutcome({ ...make(attemptId), correlationId: 'correlation-1' }, nowMs);
  return attemptId;
}

const lastEvent = async () => {
  const [record] = await createAuditStore(database, masterKey).page({ limit: 1 });
  return JSON.parse(record?.line ?? '');
};

test('what is personal goes when its time is up, on record, and the chain stays whole', async () => {
  const [old, young] = [await guest(noon), await guest(noon + day)];
  await database.query(
    `insert into guestpass.delivery_attempts
     select id, 1, now(), 1, 'http_error', 500, 'guest-of-' || attempt_id from guestpass.deliveries`,
  );
  const retention = createRetentionStore({ database });
  const before = await createAuditStore(database, masterKey).head();
  const forgotten = await retention.forgetPersonalData({ beforeMs: noon, nowMs: noon + 90 * day });
  expect(forgotten).toEqual({ attempts: 1, keys: 1, deliveries: 1 });

  const answers = 'select count(*)::int from guestpass.delivery_attempts where response_excerpt is not null';
  expect(await database.query(answers)).toEqual([{ count: 1 }]);
  expect(await store.get(young)).toMatchObject({ guest_id: `guest-of-${young}`, correlation_id: 'correlation-1' });
  expect(await store.get(old)).toMatchObject({
    status: 'admitted',
    guest_id: null,
    detail: null,
    correlation_id: null,
  });
  expect(await database.query('select count(*)::int from guestpass.idempotency_keys')).toEqual([{ count: 1 }]);
  const audit = createAuditStore(database, masterKey);
  expect(await audit.verify({ expectedHead: before })).toMatchObject({ ok: true, records: before.sequence + 1 });
  expect(await lastEvent()).toMatchObject({
    eventType: 'WEBMESSAGING_RETENTION_PERSONAL_DATA_ERASED',
    attempts: 1,
    keys: 1,
    deliveries: 1,
    before: new Date(noon).toISOString(),
    timestamp: new Date(noon + 90 * day).toISOString(),
  });
  const page = await audit.page({ limit: 9, eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED' });
  expect(page.map(({ opened }) => opened?.guestId)).toEqual([`guest-of-${young}`, undefined]);
});

test('attempts that let nobody in are cleared too, and an attempt under way is left alone', async () => {
  const refused = await guest(noon, failed);
  const underWay = newAttemptId();
  await store.recordIntent({ attemptId: underWay, payload, nowMs: noon });
  const retention = createRetentionStore({ database });
  const step = { beforeMs: noon + day, nowMs: noon + day };
  expect(await retention.forgetPersonalData(step)).toEqual({ attempts: 1, keys: 1, deliveries: 1 });
  expect(await store.get(refused)).toMatchObject({ status: 'failed', code: 'rate_limited', detail: null });
  expect(await store.get(underWay)).toMatchObject({ status: 'intent' });
});

test('that a guest was erased is still told where the time of the attempt is up meanwhile, for it names nobody', async () => {
  const attemptId = await guest();
  await store.eraseGuest({ attemptId, basis: 'asked for', nowMs: noon + day });
  const retention = createRetentionStore({ database });
  const step = { beforeMs: noon + day, nowMs: noon + day };
  expect(await retention.forgetPersonalData(step)).toEqual({ attempts: 1, keys: 0, deliveries: 0 });
  const told = 'select event_type, state, body is null as cleared from guestpass.deliveries order by number';
  expect(await database.query(told)).toEqual([
    { event_type: 'guest.authenticated', state: 'dead', cleared: true },
    { event_type: 'guest.erased', state: 'pending', cleared: false },
  ]);
});

test('that a consent was taken back is still told where the time of the attempt is up meanwhile, without the guest id', async () => {
  const attemptId = await guest();
  await store.withdrawConsent({ attemptId, basis: 'asked for', nowMs: noon + 89 * day });
  const deliveries = createDeliveryStore({ database, masterKey, announce: async () => {} });
  const [withdrawn = ''] = (await deliveries.list({ limit: 1, attemptId })).map(({ id }) => id);
  const told = async () => JSON.parse(String((await deliveries.get(withdrawn))?.body));
  const before = await told();
  expect(before.data).toMatchObject({ attemptId, guestId: `guest-of-${attemptId}` });

  const retention = createRetentionStore({ database });
  const step = { beforeMs: noon, nowMs: noon + 90 * day };
  expect(await retention.forgetPersonalData(step)).toEqual({ attempts: 1, keys: 1, deliveries: 2 });
  expect(await deliveries.get(withdrawn)).toMatchObject({ state: 'pending', next_at: expect.any(Date) });
  expect(await told()).toEqual({ ...before, data: { ...before.data, guestId: null } });
  expect(await tablesHolding(database, `guest-of-${attemptId}`)).toEqual([]);
  expect(await deliveries.count()).toMatchObject({ pending: 1, dead: 1 });
});

test('a withdrawal that is held or was given up can still be told later, and one that was told is cleared', async () => {
  const deliveries = createDeliveryStore({ database, masterKey, announce: async () => {} });
  const states = ['held', 'dead', 'delivered'] as const;
  const ids = new Map<string, string>();
  for (const state of states) {
    const attemptId = await guest();
    await store.withdrawConsent({ attemptId, basis: 'asked for', nowMs: noon });
    const [id = ''] = (await deliveries.list({ limit: 1, attemptId })).map((delivery) => delivery.id);
    const tried = { startedAtMs: noon, durationMs: 1, outcome: state, responseStatus: null, responseExcerpt: null };
    await deliveries.recordTry(id, { number: 1, ...tried }, { state });
    ids.set(id, state);
  }
  await createRetentionStore({ database }).forgetPersonalData({ beforeMs: noon, nowMs: noon + 90 * day });
  const replayed = await deliveries.replay({ ids: [...ids.keys()] }, { nowMs: noon + 91 * day });
  expect(replayed.map((id) => ids.get(id)).toSorted()).toEqual(['dead', 'held']);
});

test('an attempt of which a withdrawal is just being told outlives its records by that', async () => {
  const attemptId = await guest();
  await store.withdrawConsent({ attemptId, basis: 'asked for', nowMs: noon });
  const retention = createRetentionStore({ database });
  const step = { beforeMs: noon, nowMs: noon + 9 * day };
  expect(await retention.deleteAttempts(step)).toMatchObject({ attempts: 0 });
  await database.query(`update guestpass.deliveries set state = 'delivered', next_at = null`);
  expect(await retention.deleteAttempts(step)).toMatchObject({ attempts: 1, deliveries: 2 });
});

test('nothing due leaves no record', async () => {
  await guest();
  const retention = createRetentionStore({ database });
  const head = await createAuditStore(database, masterKey).head();
  const none = { attempts: 0, keys: 0, deliveries: 0 };
  expect(await retention.forgetPersonalData({ beforeMs: noon - 1, nowMs: noon + day })).toEqual(none);
  expect(await retention.deleteAttempts({ beforeMs: noon - 1, nowMs: noon + day })).toEqual(none);
  expect(await createAuditStore(database, masterKey).head()).toEqual(head);
});

test('a step takes so many at most, and the oldest first', async () => {
  const ids = [await guest(noon + 2), await guest(noon), await guest(noon + 1)];
  const retention = createRetentionStore({ database, batch: 2 });
  const step = { beforeMs: noon + day, nowMs: noon + day };
  expect(await retention.forgetPersonalData(step)).toMatchObject({ attempts: 2 });
  const left = await Promise.all(ids.map(async (id) => (await store.get(id))?.guest_id));
  expect(left).toEqual([`guest-of-${ids[0]}`, null, null]);
  expect(await retention.forgetPersonalData(step)).toMatchObject({ attempts: 1 });
  expect(await retention.forgetPersonalData(step)).toMatchObject({ attempts: 0 });
});

test('a whole attempt is deleted when its time is up, with all that belongs to it, and its records stay', async () => {
  const [old, young] = [await guest(noon), await guest(noon + day)];
  await database.query(
    `insert into guestpass.delivery_attempts select id, 1, now(), 1, 'delivered', 200, '' from guestpass.deliveries`,
  );
  const retention = createRetentionStore({ database });
  const step = { beforeMs: noon, nowMs: noon + 9 * day };
  expect(await retention.deleteAttempts(step)).toEqual({ attempts: 1, keys: 1, deliveries: 1 });
  expect(await tablesHolding(database, old)).toEqual(['guestpass.audit_records']);
  expect(await store.get(young)).toMatchObject({ guest_id: `guest-of-${young}` });
  expect(await database.query('select count(*)::int from guestpass.delivery_attempts')).toEqual([{ count: 1 }]);
  expect(await lastEvent()).toMatchObject({ eventType: 'WEBMESSAGING_RETENTION_ATTEMPTS_DELETED', attempts: 1 });
  expect(await createAuditStore(database, masterKey).verify()).toMatchObject({ ok: true, records: 5 });
});

test('a guest on hold outlives retention and erasure until the last hold is lifted', async () => {
  const holds = createHoldStore(database);
  const retention = createRetentionStore({ database });
  const [held, other] = [await guest(), await guest()];
  const hold = { attemptIds: [held, newAttemptId()], reason: 'Requested by counsel.', nowMs: noon };
  await holds.place({ ...hold, matter: 'case 7' });
  await holds.place({ ...hold, matter: 'case 8' });
  await holds.place({ ...hold, matter: 'case 8' });
  expect((await holds.list({ limit: 9 })).map(({ attempt_id, matter }) => [attempt_id, matter])).toEqual([
    [held, 'case 8'],
    [held, 'case 7'],
  ]);
  expect(await holds.held([held, other])).toEqual([held]);

  const step = { beforeMs: noon, nowMs: noon + day };
  expect(await retention.forgetPersonalData(step)).toMatchObject({ attempts: 1 });
  expect(await retention.deleteAttempts(step)).toMatchObject({ attempts: 1 });
  expect(await store.eraseGuest({ attemptId: held, basis: 'request', nowMs: noon })).toBe(false);
  expect(await store.get(held)).toMatchObject({ guest_id: `guest-of-${held}` });
  expect(await store.get(other)).toBeUndefined();

  expect(await holds.lift([held], 'case 7')).toEqual([held]);
  expect(await holds.lift([held], 'case 7')).toEqual([]);
  expect(await retention.forgetPersonalData(step)).toMatchObject({ attempts: 0 });
  await holds.lift([held], 'case 8');
  expect(await retention.forgetPersonalData(step)).toMatchObject({ attempts: 1 });
  expect(await retention.deleteAttempts(step)).toMatchObject({ attempts: 1 });
});

test('gateways of a fleet that look at once forget each attempt once', async () => {
  for (let index = 0; index < 6; index += 1) await guest();
  await using second = connectDatabase({ url: database.url });
  const retentions = [database, second].map((one) => createRetentionStore({ database: one, batch: 1 }));
  const step = { beforeMs: noon, nowMs: noon + day };
  let forgotten = 0;
  for (let round = 0; round < 6; round += 1) {
    const taken = await Promise.all(retentions.map((one) => one.forgetPersonalData(step)));
    forgotten += taken.reduce((sum, { keys }) => sum + keys, 0);
  }
  expect(forgotten).toBe(6);
  const page = await createAuditStore(database, masterKey).page({
    limit: 20,
    eventType: 'WEBMESSAGING_RETENTION_PERSONAL_DATA_ERASED',
  });
  expect(page).toHaveLength(6);
  expect(await createAuditStore(database, masterKey).verify()).toMatchObject({ ok: true });
});
