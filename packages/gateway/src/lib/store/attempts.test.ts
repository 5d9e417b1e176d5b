import { randomBytes, randomUUID } from 'node:crypto';
import { type GuestPayload, systemClock } from 'guestpass';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Work } from '../database/connect.ts';
import { tablesHolding } from '../testing/every-table.ts';
import { admitted, failed, masterKey, newAttemptId, noon, payload, unknown } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { type AttemptStore, type AttemptStoreOptions, createAttemptStore } from './attempts.ts';
import { createAuditStore } from './audit.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createEndpointStore } from './endpoints.ts';
import type { NewDelivery } from './new-deliveries.ts';

let database: TestDatabase;
let store: AttemptStore;

beforeAll(async () => {
  database = await testDatabase();
  store = open();
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const open = (change: Partial<AttemptStoreOptions> = {}) =>
  createAttemptStore({ database, masterKey, owner: 'gateway-1', ...change });

const keyed = (key: string, change: Partial<GuestPayload> = {}) => ({
  attemptId: newAttemptId(),
  payload: { ...payload, ...change },
  nowMs: noon,
  idempotency: { scope: 'channel-1 https://example.com', key },
});

const plain = () => ({ attemptId: newAttemptId(), payload, nowMs: noon });

const recordsOf = (attemptId: string) =>
  database.query('select event_type, line from guestpass.audit_records where attempt_id = $1 order by sequence', [
    attemptId,
  ]);

const statusOf = async (attemptId: string) => (await store.get(attemptId))?.status;

test('an intent and its outcome leave one row, two audit records and the facts of the guest', async () => {
  const intent = plain();
  expect(await store.recordIntent(intent)).toEqual({ outcome: 'claimed' });
  expect(await statusOf(intent.attemptId)).toBe('intent');
  expect(await store.recordOutcome(admitted(intent.attemptId), noon + 250)).toBe(true);

  expect(await store.get(intent.attemptId)).toMatchObject({
    status: 'admitted',
    channel_id: 'channel-1',
    guest_id: `guest-of-${intent.attemptId}`,
    captcha_verified: true,
    latency_ms: 12.34,
    status_codes: [201],
    stages: { payload: 0.1, guest: 12.34 },
    started_at: new Date(noon),
    settled_at: new Date(noon + 250),
  });
  const records = await recordsOf(intent.attemptId);
  expect(records.map(({ event_type }) => event_type)).toEqual([
    'WEBMESSAGING_GUEST_REQUESTED',
    'WEBMESSAGING_GUEST_AUTHENTICATED',
  ]);
  expect(JSON.parse(String(records[1]?.line))).toMatchObject({
    channelId: 'channel-1',
    consentTimestamp: '2024-01-15T10:30:00Z',
    captchaProvider: 'recaptcha',
    latencyMs: 12.34,
    timestamp: '2024-01-15T10:30:00.250Z',
    attemptId: intent.attemptId,
    outcome: 'admitted',
  });
});

test('a guest let in while nobody could verify the captcha stays marked, in the list and for whoever repeats the key', async () => {
  const key = crypto.randomUUID();
  const intent = keyed(key, { captcha: { provider: 'recaptcha', response: 'answer' } });
  await store.recordIntent(intent);
  const captcha = { provider: 'recaptcha', verified: false, score: null, unavailable: true } as const;
  await store.recordOutcome({ ...admitted(intent.attemptId), captcha }, noon + 250);
  expect(await store.get(intent.attemptId)).toMatchObject({ captcha_verified: false, captcha_unavailable: true });
  expect((await store.list({ limit: 1 }))[0]).toMatchObject({ id: intent.attemptId, captcha_unavailable: true });
  expect(await store.recordIntent(keyed(key))).toMatchObject({ outcome: 'replay', attempt: { captcha } });
});

test('no session token, captcha answer, attribute or guest id stands in the clear', async () => {
  const secret = `canary-${randomUUID()}`;
  const guest = keyed(randomUUID(), {
    captcha: { provider: 'recaptcha', response: `${secret}-captcha` },
    attributes: { note: `${secret}-attribute` },
  });
  await store.recordIntent(guest);
  const attempt = admitted(guest.attemptId);
  const guestPass = { ...attempt.guestPass, sessionToken: `${secret}-token`, guestId: `${secret}-guest` };
  await store.recordOutcome({ ...attempt, guestPass }, noon);

  expect(await tablesHolding(database, secret)).toEqual([]);
  expect(await store.get(guest.attemptId)).toMatchObject({ guest_id: `${secret}-guest` });
});

test('of fifty requests with one key at two gateways one is claimed, and the others wait for it', async () => {
  await using other = open({ owner: 'gateway-2' });
  const key = randomUUID();
  const guests = Array.from({ length: 50 }, () => keyed(key));
  const answers = await Promise.all(
    guests.map((guest, index) => (index % 2 === 0 ? store : other).recordIntent(guest)),
  );
  const winner = guests[answers.findIndex(({ outcome }) => outcome === 'claimed')]?.attemptId;
  expect(answers.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
  expect(answers.filter((answer) => answer.outcome === 'in_progress' && answer.attemptId === winner)).toHaveLength(49);
  const rows = await database.query('select count(*)::int from guestpass.attempts where id = any($1)', [
    guests.map(({ attemptId }) => attemptId),
  ]);
  expect(rows).toEqual([{ count: 1 }]);
});

test('a key asked for again gives the same guest pass, whatever its captcha, also from another gateway', async () => {
  const key = randomUUID();
  const first = keyed(key);
  await store.recordIntent(first);
  await store.recordOutcome(admitted(first.attemptId), noon + 10);

  await using other = open({ owner: 'gateway-2' });
  const again = keyed(key, { captcha: { provider: 'recaptcha', response: 'another answer' } });
  const answer = await other.recordIntent(again);
  expect(answer).toMatchObject({
    outcome: 'replay',
    attempt: { ...admitted(first.attemptId), startedAt: new Date(noon).toISOString() },
  });
  expect(await statusOf(again.attemptId)).toBeUndefined();
});

test('a key used with another payload is refused, and in another scope it is another key', async () => {
  const key = randomUUID();
  await store.recordIntent(keyed(key));
  expect(await store.recordIntent(keyed(key, { attributes: { origin: 'elsewhere' } }))).toEqual({ outcome: 'reused' });
  const elsewhere = { ...keyed(key), idempotency: { scope: 'channel-1 https://other.example', key } };
  expect(await store.recordIntent(elsewhere)).toEqual({ outcome: 'claimed' });
});

test('an attempt that surely created nothing gives its key back, one whose outcome is unknown keeps it', async () => {
  const [free, kept] = [randomUUID(), randomUUID()];
  const [first, second] = [keyed(free), keyed(kept)];
  await Promise.all([store.recordIntent(first), store.recordIntent(second)]);
  await store.recordOutcome(failed(first.attemptId), noon);
  await store.recordOutcome(unknown(second.attemptId), noon);
  expect(await store.recordIntent(keyed(free))).toEqual({ outcome: 'claimed' });
  expect(await store.recordIntent(keyed(kept))).toMatchObject({
    outcome: 'replay',
    attempt: {
      outcome: 'unknown',
      id: second.attemptId,
      error: { code: 'outcome_unknown', detail: 'The connection broke after the request was sent.' },
    },
  });
});

test('after a day a key is free again and the guest pass is gone', async () => {
  const key = randomUUID();
  const first = keyed(key);
  await store.recordIntent(first);
  await store.recordOutcome(admitted(first.attemptId), noon);
  const day = 24 * 3_600_000;
  // A gateway whose clock is a day ahead gives nobody's key away.
  expect(await store.recordIntent({ ...keyed(key), nowMs: noon + 2 * day })).toMatchObject({ outcome: 'replay' });
  const ageBy = (span: string) =>
    database.query(
      `update guestpass.idempotency_keys set expires_at = expires_at - $1::interval where attempt_id = $2`,
      [span, first.attemptId],
    );
  await ageBy('23 hours 59 minutes');
  expect(await store.recordIntent(keyed(key))).toMatchObject({ outcome: 'replay' });
  await ageBy('1 minute');
  expect(await store.recordIntent(keyed(key))).toEqual({ outcome: 'claimed' });

  await store.forgetExpired(noon + day);
  const passes = await database.query('select sealed_pass from guestpass.attempts where id = $1', [first.attemptId]);
  expect(passes).toEqual([{ sealed_pass: null }]);
});

test('with another master key no pass is handed out and no second guest is created', async () => {
  await using other = open({ masterKey: randomBytes(32) });
  const key = randomUUID();
  const first = keyed(key);
  await store.recordIntent(first);
  await store.recordOutcome(admitted(first.attemptId), noon);
  await database.query(`update guestpass.attempts set sealed_pass = '\\x01' where id = $1`, [first.attemptId]);
  expect(await store.recordIntent(keyed(key))).toMatchObject({
    outcome: 'replay',
    attempt: { outcome: 'unknown', error: { code: 'outcome_unknown' } },
  });
  expect(await other.recordIntent(keyed(key))).toEqual({ outcome: 'claimed' });
});

test('an intent whose process is gone becomes unknown, with record and delivery, and its key stays taken', async () => {
  await using fresh = await testDatabase();
  const endpoints = createEndpointStore(fresh, masterKey);
  await endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  const gone = open({ database: fresh, owner: 'gone', leaseMs: 60_000 });
  const key = randomUUID();
  const orphan = keyed(key);
  await gone.recordIntent(orphan);

  await using here = open({ database: fresh });
  expect(await here.recoverOrphans(noon + 60_000)).toBe(0);
  await fresh.query(`update guestpass.attempts set lease_until = lease_until - interval '1 minute'`);
  const recoveries = await Promise.all([here.recoverOrphans(noon + 60_000), here.recoverOrphans(noon + 60_000)]);
  expect(recoveries.reduce((sum, count) => sum + count)).toBe(1);
  expect(await here.recordIntent(keyed(key))).toMatchObject({
    outcome: 'replay',
    attempt: { outcome: 'unknown', id: orphan.attemptId, durationMs: 60_000 },
  });
  expect(await gone.recordOutcome(admitted(orphan.attemptId), noon + 61_000)).toBe(false);
  expect(await here.get(orphan.attemptId)).toMatchObject({ status: 'unknown', guest_id: null });
  expect(await fresh.query('select event_type from guestpass.audit_records order by sequence')).toEqual([
    { event_type: 'WEBMESSAGING_GUEST_REQUESTED' },
    { event_type: 'WEBMESSAGING_GUEST_UNKNOWN' },
  ]);
  expect(await fresh.query('select event_type from guestpass.deliveries')).toEqual([{ event_type: 'guest.unknown' }]);
  await gone[Symbol.asyncDispose]();
});

test('a gateway whose clock ran ahead takes no guest from the gateway that works on it', async () => {
  await using fresh = await testDatabase();
  await using here = open({ database: fresh });
  const nowMs = systemClock.now();
  const intent = { attemptId: newAttemptId(), payload, nowMs };
  await here.recordIntent(intent);
  expect(await here.recoverOrphans(nowMs + 3_600_000)).toBe(0);
  expect(await here.recordOutcome(admitted(intent.attemptId), nowMs)).toBe(true);
});

test('a gateway whose clock is far behind has as long for a guest as the others, and its keys are good as long', async () => {
  await using fresh = await testDatabase();
  await using behind = open({ database: fresh, owner: 'behind' });
  await using right = open({ database: fresh, owner: 'right' });
  const nowMs = systemClock.now();
  const key = randomUUID();
  const intent = { ...keyed(key), nowMs: nowMs - 30 * 86_400_000 };
  await behind.recordIntent(intent);
  expect(await right.recoverOrphans(nowMs)).toBe(0);
  await right.forgetExpired(nowMs);
  expect(await right.recordIntent({ ...keyed(key), nowMs })).toMatchObject({ outcome: 'in_progress' });
  expect(await behind.recordOutcome(admitted(intent.attemptId), nowMs)).toBe(true);
});

test('record, delivery and job are kept together, or not at all', async () => {
  await using fresh = await testDatabase();
  const endpoints = createEndpointStore(fresh, masterKey);
  await endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  await fresh.query('create table jobs (delivery text)');
  let fails = true;
  const announce = async (work: Work, deliveries: readonly NewDelivery[]) => {
    for (const { id } of deliveries) await sql`insert into jobs values (${id})`.execute(work);
    if (fails) throw new Error('no queue');
  };
  await using here = open({ database: fresh, announce });
  const intent = plain();
  await here.recordIntent(intent);
  await expect(here.recordOutcome(admitted(intent.attemptId), noon)).rejects.toThrow('no queue');
  expect(await fresh.query('select * from jobs')).toEqual([]);
  expect(await fresh.query('select id from guestpass.deliveries')).toEqual([]);
  expect((await here.get(intent.attemptId))?.status).toBe('intent');

  fails = false;
  expect(await here.recordOutcome(admitted(intent.attemptId), noon)).toBe(true);
  const [delivery] = await fresh.query('select id, state, next_at from guestpass.deliveries');
  expect(delivery).toMatchObject({ state: 'pending', next_at: new Date(noon) });
  expect(await fresh.query('select * from jobs')).toEqual([{ delivery: delivery?.id }]);
  const deliveries = createDeliveryStore({ database: fresh, masterKey, announce });
  const found = await deliveries.get(String(delivery?.id));
  expect(JSON.parse(String(found?.body))).toEqual({
    type: 'guest.authenticated',
    timestamp: '2024-01-15T10:30:00.000Z',
    data: {
      attemptId: intent.attemptId,
      sequence: 2,
      guestId: `guest-of-${intent.attemptId}`,
      channelId: 'channel-1',
      consentTimestamp: '2024-01-15T10:30:00Z',
      code: null,
      correlationId: null,
    },
  });
});

test('of guests that share a commit the one that cannot be stored fails alone', async () => {
  const guests = Array.from({ length: 20 }, plain);
  await Promise.all(guests.map((guest) => store.recordIntent(guest)));
  const outcomes = await Promise.allSettled(
    guests.map(({ attemptId }, index) => {
      const attempt = admitted(attemptId);
      // PostgreSQL stores no such number there.
      const bad = { ...attempt, statusCodes: [2 ** 40] };
      return store.recordOutcome(index === 13 ? bad : attempt, noon);
    }),
  );
  expect(outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([13]);
  expect(await statusOf(guests[13]?.attemptId ?? '')).toBe('intent');
  expect(await statusOf(guests[12]?.attemptId ?? '')).toBe('admitted');
});

test('an attempt has one outcome, however often and wherever it is reported', async () => {
  await using other = open({ owner: 'gateway-2' });
  const { attemptId, ...rest } = plain();
  await store.recordIntent({ attemptId, ...rest });
  const reports = await Promise.all([
    store.recordOutcome(admitted(attemptId), noon),
    store.recordOutcome(unknown(attemptId), noon),
    other.recordOutcome(failed(attemptId), noon),
  ]);
  expect(reports.filter((first) => first)).toHaveLength(1);
  expect(await recordsOf(attemptId)).toHaveLength(2);
});

test('gateways write one chain without a gap, and a cut connection leaves no trace in it', async () => {
  await using fresh = await testDatabase();
  const stores = ['a', 'b', 'c'].map((owner) => open({ database: fresh, owner }));
  const guest = async (index: number) => {
    const mine = stores[index % stores.length];
    const intent = plain();
    await mine?.recordIntent(intent);
    await mine?.recordOutcome(index % 5 === 0 ? failed(intent.attemptId) : admitted(intent.attemptId), noon + index);
  };
  const cut = () =>
    fresh.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'guestpass' and state <> 'idle'`,
    );
  const results = await Promise.allSettled([
    ...Array.from({ length: 120 }, (_, index) => guest(index)),
    ...Array.from({ length: 5 }, cut),
  ]);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'storage_unavailable' });
  }
  await Promise.all(Array.from({ length: 30 }, (_, index) => guest(index)));

  const proof = await createAuditStore(fresh, masterKey).verify();
  const [{ settled, intents } = {}] = await fresh.query(
    `select count(*) filter (where status <> 'intent')::int as settled, count(*)::int as intents from guestpass.attempts`,
  );
  expect(proof).toMatchObject({ ok: true, records: Number(settled) + Number(intents) });
  expect(await fresh.query('select admitted + failed as counted from guestpass.audit_head')).toEqual([
    { counted: `${settled}` },
  ]);
  await Promise.all(stores.map((each) => each[Symbol.asyncDispose]()));
});

test('each record tells the success rate of the whole fleet up to itself', async () => {
  await using fresh = await testDatabase();
  await using here = open({ database: fresh });
  const settle = async (make: typeof admitted | typeof failed) => {
    const intent = plain();
    await here.recordIntent(intent);
    await here.recordOutcome(make(intent.attemptId), noon);
  };
  await settle(admitted);
  await settle(admitted);
  await settle(failed);
  const rows = await fresh.query(
    `select line::json->>'successRate' as rate from guestpass.audit_records where line like '%outcome%' order by sequence`,
  );
  expect(rows).toEqual([{ rate: '100' }, { rate: '100' }, { rate: '66.67' }]);
});

test('attempts are listed newest first, page by page, and by status', async () => {
  await using fresh = await testDatabase();
  await using here = open({ database: fresh });
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const intent = plain();
    ids.push(intent.attemptId);
    await here.recordIntent(intent);
    if (index === 2) await here.recordOutcome(failed(intent.attemptId), noon);
  }
  const page = await here.list({ limit: 3 });
  const rest = await here.list({ limit: 3, after: page.at(-1)?.number ?? 0 });
  expect([...page, ...rest].map(({ id }) => id)).toEqual(ids.toReversed());
  expect((await here.list({ limit: 9, status: 'failed' })).map(({ id, code }) => [id, code])).toEqual([
    [ids[2], 'rate_limited'],
  ]);
  expect(await here.list({ limit: 9, channelId: 'another' })).toEqual([]);
  expect(JSON.stringify(page)).not.toContain('sealed_pass');
});
