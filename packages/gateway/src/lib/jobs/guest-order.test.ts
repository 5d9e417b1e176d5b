import { systemClock } from 'guestpass';
import type { Exchange } from 'guestpass/http';
import { generateWebhookSecret } from 'guestpass/webhook';
import { expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { createDeliveryStore, type DeliveryStore } from '../store/deliveries.ts';
import { createEndpointStore } from '../store/endpoints.ts';
import { admitted, masterKey, newAttemptId, payload } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { createDeliverWebhook } from './deliver-webhook.ts';
import { type DeliveryQueue, openDeliveryQueue } from './delivery-queue.ts';

interface Told {
  readonly type: string;
  readonly data: { readonly attemptId: string; readonly sequence: number };
}

interface FleetOptions {
  /** What the receiver answers. */
  readonly answer: (told: Told) => Promise<number> | number;
  readonly schedule?: readonly number[];
  /** Queues that share the work. Default 1. */
  readonly queues?: number;
}

/** Gateways that share a database, and a receiver that wants the events of each guest in order. */
async function fleet({ answer, schedule = Array(50).fill(0), queues = 1 }: FleetOptions) {
  const database = await testDatabase();
  const endpoints = createEndpointStore(database, masterKey);
  const taken: Told[] = [];
  const exchange: Exchange = async ({ body }) => {
    const told: Told = JSON.parse(String(body));
    const status = await answer(told);
    if (status === 204) taken.push(told);
    return { status, headers: {}, body: new Uint8Array() };
  };
  const opened: { readonly queue: DeliveryQueue; readonly deliveries: DeliveryStore }[] = [];
  for (let count = 0; count < queues; count += 1) {
    const queue = await openDeliveryQueue({ url: database.url, clock: systemClock, onProblem: () => {} });
    const deliveries = createDeliveryStore({ database, masterKey, announce: queue.announce });
    const given = { deliveries, endpoints, clock: systemClock, random: () => 0.5, exchange, schedule };
    await queue.start(createDeliverWebhook(given));
    opened.push({ queue, deliveries });
  }
  const [first] = opened;
  if (!first) throw new Error('There should be a queue.');
  const { announce } = first.queue;
  const attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1', announce });
  const terms = { url: 'https://idp.example/hook', ordering: 'guest', secret: generateWebhookSecret() } as const;
  const endpoint = await endpoints.create(terms, systemClock.now());
  return {
    ...first,
    database,
    endpoint,
    taken,
    /** Lets a guest in who takes the consent back at once. */
    async guest() {
      const attemptId = newAttemptId();
      const nowMs = systemClock.now();
      await attempts.recordIntent({ attemptId, payload, nowMs });
      await attempts.recordOutcome(admitted(attemptId), nowMs);
      await attempts.withdrawConsent({ attemptId, basis: 'asked for', nowMs });
      return attemptId;
    },
    typesOf: (attemptId: string) => taken.flatMap(({ type, data }) => (data.attemptId === attemptId ? [type] : [])),
    async [Symbol.asyncDispose]() {
      await attempts[Symbol.asyncDispose]();
      for (const { queue } of opened) await queue[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const inOrder = ['guest.authenticated', 'consent.withdrawn'];
const patience = { timeout: 15_000, interval: 50 };

test('a guest whose event fails is held back until it is taken, and no other guest is', async () => {
  const refused = new Set<string>();
  let tries = 0;
  await using on = await fleet({
    answer({ type, data }) {
      // The first guest there is.
      if (tries === 0) refused.add(data.attemptId);
      if (!refused.has(data.attemptId)) return 204;
      expect(type).toBe('guest.authenticated');
      tries += 1;
      return 503;
    },
  });
  const held = await on.guest();
  const others = await Promise.all([on.guest(), on.guest(), on.guest()]);
  await expect.poll(() => others.map(on.typesOf), patience).toEqual([inOrder, inOrder, inOrder]);
  await expect.poll(() => tries, patience).toBeGreaterThan(1);
  expect(on.typesOf(held)).toEqual([]);
  const [waiting, failing] = await on.deliveries.list({ limit: 2, attemptId: held });
  expect(waiting).toMatchObject({ event_type: 'consent.withdrawn', state: 'pending', tries: 0, behind: failing?.id });
  refused.clear();
  await expect.poll(() => on.typesOf(held), patience).toEqual(inOrder);
}, 40_000);

test('what is given up holds nothing back, and brought back with what follows it goes first', async () => {
  let status = 500;
  await using on = await fleet({
    answer: ({ type }) => (type === 'guest.authenticated' ? status : 204),
    schedule: [0],
  });
  const attemptId = await on.guest();
  await expect.poll(() => on.deliveries.count(), patience).toMatchObject({ dead: 1, delivered: 1 });
  expect(on.typesOf(attemptId)).toEqual(['consent.withdrawn']);
  status = 204;
  const all = { endpointId: on.endpoint.id };
  expect(await on.deliveries.replay(all, { nowMs: systemClock.now() })).toHaveLength(2);
  await expect.poll(() => on.typesOf(attemptId), patience).toEqual(['consent.withdrawn', ...inOrder]);
}, 40_000);

test('gateways that share the work, and a receiver that fails now and then, keep each guest in order', async () => {
  let answered = 0;
  await using on = await fleet({
    queues: 2,
    answer: () => {
      answered += 1;
      return answered % 3 === 0 ? 503 : 204;
    },
  });
  const guests = await Promise.all(Array.from({ length: 40 }, () => on.guest()));
  await expect.poll(() => on.deliveries.count(), patience).toMatchObject({ delivered: 80, pending: 0 });
  expect(guests.map(on.typesOf)).toEqual(guests.map(() => inOrder));
}, 40_000);

test('an event that waits keeps no job, however busy its receiver is, so that it cannot be sent twice', async () => {
  const well = Promise.withResolvers<void>();
  await using on = await fleet({
    async answer() {
      await well.promise;
      return 204;
    },
  });
  const guests = await Promise.all(Array.from({ length: 6 }, () => on.guest()));
  const jobs = `select d.event_type from guestpass_jobs.job j
    join guestpass.deliveries d on d.id = j.data->>'deliveryId'`;
  const firsts = guests.map(() => ({ event_type: 'guest.authenticated' }));
  await expect.poll(() => on.database.query(jobs), { timeout: 10_000, interval: 50 }).toEqual(firsts);
  well.resolve();
  await expect.poll(() => guests.map(on.typesOf), patience).toEqual(guests.map(() => inOrder));
}, 40_000);

test('a delivery that waits is not lost, and one that waits for nothing any more is found', async () => {
  await using on = await fleet({
    answer: ({ type }) => (type === 'guest.authenticated' ? 503 : 204),
    schedule: [0, 60_000],
  });
  const attemptId = await on.guest();
  const behind = async () => (await on.deliveries.list({ limit: 1, attemptId }))[0]?.behind;
  await expect.poll(behind, patience).not.toBeNull();
  const later = systemClock.now() + 3_600_000;
  expect(await on.queue.recover(on.database, later)).toBe(0);
  await on.database.query(`update guestpass.deliveries set state = 'dead', next_at = null where tries > 0`);
  // The job that found it waiting is put away a moment later.
  await expect.poll(() => on.queue.recover(on.database, later), patience).toBe(1);
  await expect.poll(() => on.typesOf(attemptId), patience).toEqual(['consent.withdrawn']);
}, 40_000);
