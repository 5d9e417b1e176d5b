import fc from 'fast-check';
import { generateWebhookSecret } from 'guestpass/webhook';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPayload } from './support/payload.ts';
import { type Answer, openReceiver } from './support/receiver.ts';
import { openStage, type Stage } from './support/stage.ts';
import { until } from './support/until.ts';

// Webhooks as they leave the gateway: real HTTP, a real queue, verified by what receivers use.

const schedule = [0, 400, 400];

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    gateway: { schedule },
    platform: { policy: { captcha: { mode: 'optional' } } },
  });
  // The endpoints of each test are the only ones.
  await stage.gateway.endpoints.remove(stage.endpoint.id, Date.now());
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

/** An endpoint that is registered for as long as it is used. */
async function subscribe(answer?: Answer) {
  const secret = generateWebhookSecret();
  const receiver = await openReceiver(secret, answer);
  const { endpoints } = stage.gateway;
  const { id } = await endpoints.create({ url: receiver.url, secret }, Date.now());
  return {
    id,
    receiver,
    async [Symbol.asyncDispose]() {
      await endpoints.remove(id, Date.now());
      await receiver[Symbol.asyncDispose]();
    },
  };
}

async function letIn(channelId = 'demo'): Promise<string> {
  const response = await stage.ask(freshPayload({ channelId, captcha: undefined }));
  // A cast, because the answer is our own gateway's.
  const { attemptId, instance = '' } = (await response.json()) as { attemptId?: string; instance?: string };
  return attemptId ?? instance.slice(instance.lastIndexOf('/') + 1);
}

const deliveryOf = async (attemptId: string, endpointId: string) =>
  (await stage.gateway.deliveries.list({ limit: 10, attemptId, endpointId }))[0];

const inState = (attemptId: string, endpointId: string, state: string) =>
  until(
    () => deliveryOf(attemptId, endpointId),
    (one) => one?.state === state,
    10_000,
  );

test('a thousand deliveries, whatever is in them, verify by the published package', async () => {
  await using endpoint = await subscribe();
  const aLine = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((text) => text.trim() !== '' && text.length <= 256 && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text));
  const channels = fc.sample(fc.oneof(fc.constant('demo'), aLine), { numRuns: 1_000, seed: 20_260_115 });
  const attempts = new Map<string, string>();
  const left = channels.values();
  const visitor = async () => {
    for (const channelId of left) attempts.set(await letIn(channelId), channelId);
  };
  await Promise.all(Array.from({ length: 40 }, visitor));
  await endpoint.receiver.arrivals(1_000);
  const { received } = endpoint.receiver;
  expect(new Map(received.map(({ event }) => [event?.data.attemptId, event?.data.channelId]))).toEqual(attempts);
  expect(new Set(received.map(({ id }) => id)).size).toBe(1_000);
  for (const { id } of received) expect(id).toMatch(/^[A-Za-z0-9_-]+$/);
}, 60_000);

test('a receiver that fails is asked again on schedule: the same id, the same bytes, a fresh signature', async () => {
  await using endpoint = await subscribe((_, response, nth) => void response.writeHead(nth < 3 ? 500 : 204).end());
  const attemptId = await letIn();
  await endpoint.receiver.arrivals(3);
  expect(await inState(attemptId, endpoint.id, 'delivered')).toMatchObject({ tries: 3 });
  const { received } = endpoint.receiver;
  expect(new Set(received.map(({ id }) => id)).size).toBe(1);
  expect(new Set(received.map(({ bodyHash }) => bodyHash)).size).toBe(1);
  expect(received.every(({ event }) => event?.type === 'guest.authenticated')).toBe(true);
  const waits = received.slice(1).map(({ atMs }, index) => atMs - (received[index]?.atMs ?? 0));
  // Jitter takes a fifth at most; the queue looks once a second for what has become due.
  for (const waitMs of waits) expect(waitMs).toBeGreaterThan(0.8 * 400 - 20);
  const id = (await deliveryOf(attemptId, endpoint.id))?.id ?? '';
  expect(
    (await stage.gateway.deliveries.tries(id)).map(({ outcome, response_status }) => [outcome, response_status]),
  ).toEqual([
    ['http_500', 500],
    ['http_500', 500],
    ['delivered', 204],
  ]);
}, 30_000);

test('what was tried in vain is kept, and comes again as it was when it is replayed', async () => {
  let broken = true;
  await using endpoint = await subscribe(
    (_, response) => void response.writeHead(broken ? 302 : 204, { Location: '/elsewhere' }).end(),
  );
  const attemptId = await letIn();
  const dead = await inState(attemptId, endpoint.id, 'dead');
  expect(dead).toMatchObject({ tries: schedule.length });
  expect(endpoint.receiver.received).toHaveLength(schedule.length);

  broken = false;
  const filter = { state: 'dead', endpointId: endpoint.id } as const;
  const { deliveries } = stage.gateway;
  expect(await deliveries.countReplay(filter)).toBe(1);
  expect(await deliveries.replay(filter, { nowMs: Date.now() })).toEqual([dead?.id]);
  expect(await inState(attemptId, endpoint.id, 'delivered')).toMatchObject({ id: dead?.id, event_id: dead?.event_id });
  const { received } = endpoint.receiver;
  expect(received).toHaveLength(schedule.length + 1);
  expect(new Set(received.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  expect(await deliveries.replay({ ids: [dead?.id ?? ''] }, { nowMs: Date.now() })).toEqual([dead?.id]);
  await endpoint.receiver.arrivals(schedule.length + 2);
  expect(received.at(-1)?.id).toBe(dead?.event_id);
}, 30_000);

test('a receiver that is gone is asked no more, and what happens meanwhile is held', async () => {
  await using endpoint = await subscribe((_, response) => void response.writeHead(410).end());
  const first = await letIn();
  expect(await inState(first, endpoint.id, 'dead')).toMatchObject({ tries: 1 });
  const { endpoints, deliveries } = stage.gateway;
  const disabled = await until(
    () => endpoints.get(endpoint.id),
    (one) => one?.enabled === false,
    5_000,
  );
  expect(disabled?.disabledReason).toContain('410');
  const second = await letIn();
  expect(await deliveryOf(second, endpoint.id)).toMatchObject({ state: 'held', tries: 0 });
  expect(endpoint.receiver.received).toHaveLength(1);
  await endpoints.enable(endpoint.id, Date.now());
  expect(await deliveries.replay({ state: 'held', endpointId: endpoint.id }, { nowMs: Date.now() })).toHaveLength(1);
  await endpoint.receiver.arrivals(2);
}, 30_000);

test('a receiver that never answers delays nobody else', async () => {
  await using hole = await subscribe(() => {});
  await using sound = await subscribe();
  const told = new Map<string, number>();
  for (let round = 0; round < 15; round += 1) {
    const attempts = await Promise.all(Array.from({ length: 4 }, () => letIn()));
    for (const attemptId of attempts) told.set(attemptId, performance.now());
  }
  await sound.receiver.arrivals(60);
  const waits = sound.receiver.received.map(({ event, atMs }) => atMs - (told.get(String(event?.data.attemptId)) ?? 0));
  expect(waits).toHaveLength(60);
  expect(Math.max(...waits)).toBeLessThan(1_000);
  // Four at a time, and those wait still.
  expect(hole.receiver.received.length).toBeLessThanOrEqual(4);
  expect(stage.witness.problems).toEqual([]);
}, 30_000);
