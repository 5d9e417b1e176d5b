import { randomBytes, randomUUID } from 'node:crypto';
import { type Gateway, startGateway } from '@guestpass/gateway';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, defaultWebhookSecret, type Simulator } from '@guestpass/simulator';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startChild } from './support/child.ts';
import { optionsFor, type Wanted } from './support/options.ts';
import { freshPayload } from './support/payload.ts';
import { askGuest } from './support/stage.ts';
import { until } from './support/until.ts';

// Two gateways, one database: to visitors, the platform and the identity provider they are one.

let database: TestDatabase;
let simulator: Simulator;
let wanted: Wanted;
let fleet: readonly [Gateway, Gateway];

beforeAll(async () => {
  database = await testDatabase({ migrated: false });
  simulator = createSimulator({ seed: 1, requestsPerMinute: 1e9, tokenRequestsPerMinute: 1e9 });
  const { url: platformUrl } = await simulator.listen();
  wanted = {
    databaseUrl: database.url,
    platformUrl,
    masterKey: randomBytes(32).toString('base64'),
    owner: 'one',
    deadlineMs: 5_000,
    leaseMs: 10_000,
    schedule: [0, 1_000],
  };
  // Both find an empty database at once.
  fleet = await Promise.all([startGateway(optionsFor(wanted)), startGateway(optionsFor({ ...wanted, owner: 'two' }))]);
  await fleet[0].endpoints.create({ url: `${platformUrl}/_idp/webhooks`, secret: defaultWebhookSecret }, Date.now());
}, 60_000);

afterAll(async () => {
  await Promise.all((fleet ?? []).map((gateway) => gateway.stop(0)));
  await simulator?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

beforeEach(() => simulator.faults.clear());

const aGuest = () => freshPayload({ captcha: undefined });

/** Asks the gateways in turn, all at once. */
async function askAll(count: number, ask: (url: string, index: number) => Promise<Response>) {
  const responses = await Promise.all(
    Array.from({ length: count }, (_, index) => ask(fleet[index % 2 === 0 ? 0 : 1].url, index)),
  );
  return await Promise.all(
    responses.map(async (response) => ({
      status: response.status,
      headers: response.headers,
      // A cast, because the answer is our own gateway's.
      body: (await response.json()) as { attemptId?: string; guestId?: string; sessionToken?: string; code?: string },
    })),
  );
}

test('fifty requests with one key at once: one platform call, one outcome, one delivery', async () => {
  simulator.faults.add({ operation: 'guest', delayMs: 50 });
  const before = simulator.stats();
  const payload = aGuest();
  const headers = { 'idempotency-key': randomUUID() };
  const answers = await askAll(50, (url) => askGuest(url, payload, headers));

  const original = answers.filter((one) => one.status === 201 && !one.headers.has('idempotency-replayed'));
  expect(original).toHaveLength(1);
  const others = answers.filter((one) => !original.includes(one));
  for (const { status, headers: told, body } of others) {
    if (status === 201) expect(body).toEqual(original[0]?.body);
    else expect([status, body.code, told.get('retry-after')]).toEqual([409, 'idempotency_in_progress', '1']);
  }
  expect(simulator.stats().guestRequests - before.guestRequests).toBe(1);

  const later = await askAll(2, (url) => askGuest(url, payload, headers));
  for (const { status, headers: told, body } of later) {
    expect([status, told.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(body).toEqual(original[0]?.body);
  }
  const attemptId = original[0]?.body.attemptId ?? '';
  const records = await fleet[1].audit.page({ limit: 10, attemptId });
  expect(records.map(({ event_type }) => event_type)).toEqual([
    'WEBMESSAGING_GUEST_AUTHENTICATED',
    'WEBMESSAGING_GUEST_REQUESTED',
  ]);
  const list = () => fleet[0].deliveries.list({ limit: 10, attemptId });
  const [delivery, ...more] = await until(list, ([one]) => one?.state === 'delivered', 10_000);
  expect([delivery?.tries, more]).toEqual([1, []]);
  expect(simulator.stats().webhooksAccepted - before.webhooksAccepted).toBe(1);
});

test('a key with another payload, or from another website, is another matter', async () => {
  const headers = { 'idempotency-key': randomUUID(), origin: 'https://shop.example' };
  const payload = aGuest();
  const first = await askAll(1, (url) => askGuest(url, payload, headers));
  expect(first[0]?.status).toBe(201);
  const changed = { ...payload, attributes: { origin: 'changed' } };
  const [, other] = await askAll(2, (url) => askGuest(url, changed, headers));
  expect([other?.status, other?.body.code]).toEqual([422, 'idempotency_key_reused']);
  const [elsewhere] = await askAll(1, (url) => askGuest(url, payload, { ...headers, origin: 'https://other.example' }));
  expect([elsewhere?.status, elsewhere?.headers.has('idempotency-replayed')]).toEqual([201, false]);
  expect(elsewhere?.body.guestId).not.toBe(first[0]?.body.guestId);
});

test('an open outcome is kept under its key, a failure is not', async () => {
  const open = { 'idempotency-key': randomUUID() };
  const payload = aGuest();
  simulator.faults.add({ operation: 'guest', reset: 'after' });
  const before = simulator.stats().guestRequests;
  const unknown = await askAll(1, (url) => askGuest(url, payload, open));
  const again = await askAll(2, (url) => askGuest(url, payload, open));
  for (const { status, body } of [...unknown, ...again]) expect([status, body.code]).toEqual([504, 'outcome_unknown']);
  expect(simulator.stats().guestRequests - before).toBe(1);

  const failed = { 'idempotency-key': randomUUID() };
  simulator.faults.add({ operation: 'guest', status: 500 });
  const [no] = await askAll(1, (url) => askGuest(url, payload, failed));
  expect(no?.status).toBe(503);
  const [, yes] = await askAll(2, (url, index) =>
    index === 1 ? askGuest(url, payload, failed) : askGuest(url, aGuest()),
  );
  expect([yes?.status, yes?.headers.has('idempotency-replayed')]).toEqual([201, false]);
});

test('one chain without a gap, whoever wrote its records', async () => {
  const answers = await askAll(60, (url) => askGuest(url, aGuest()));
  expect(answers.every(({ status }) => status === 201)).toBe(true);
  const proof = await fleet[0].audit.verify();
  expect(proof).toMatchObject({ ok: true });
  const rows = await database.query(
    `select count(*)::int as records, max(sequence)::int as last, (select count(distinct owner)::int from guestpass.attempts) as owners
     from guestpass.audit_records`,
  );
  expect(rows[0]).toMatchObject({ records: rows[0]?.last, owners: 2 });
  expect(proof).toMatchObject({ records: rows[0]?.records });
  expect(await fleet[1].audit.head()).toEqual(await fleet[0].audit.head());
});

test('a gateway that is told to stop lets a hundred guests end, and nobody is reset', async () => {
  await using child = startChild({ ...wanted, owner: 'leaving' });
  const url = await child.ready;
  simulator.faults.add({ operation: 'guest', delayMs: 1_500, times: 'always' });
  const asked = Promise.all(Array.from({ length: 100 }, () => askGuest(url, aGuest())));
  const inFlight = `select count(*)::int as count from guestpass.attempts where owner = 'leaving' and status = 'intent'`;
  await until(
    () => database.query(inFlight),
    ([row]) => row?.count === 100,
    10_000,
  );
  const stopped = child.end('SIGTERM');
  const responses = await asked;
  const statuses = await Promise.all(
    responses.map(async (response) => {
      await response.arrayBuffer();
      return response.status;
    }),
  );
  expect(statuses.filter((status) => status === 201)).toHaveLength(100);
  expect(await stopped).toBe(0);
  await expect(askGuest(url, aGuest())).rejects.toThrow();
  expect(await fleet[0].audit.verify()).toMatchObject({ ok: true });
}, 30_000);
