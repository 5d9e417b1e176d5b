import { type HttpRequest, parseTraceparent } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { generateWebhookSecret } from 'guestpass/webhook';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { createDeliveryStore } from '../store/deliveries.ts';
import { createEndpointStore } from '../store/endpoints.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createDeliverWebhook, type DeliverOptions } from './deliver-webhook.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

/** Guests who were let in, the deliveries that tell of them, and a receiver that answers with `status`. */
async function scene({ guests = 1, status = 204, traceparent = '', retryAfter = '' } = {}) {
  const clock = manualClock(noon);
  const sent: HttpRequest[] = [];
  const attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  const endpoints = createEndpointStore(database, masterKey);
  const deliveries = createDeliveryStore({ database, masterKey, announce: async () => {} });
  const endpoint = await endpoints.create({ url: 'https://idp.example/hook', secret: generateWebhookSecret() }, noon);
  const attemptIds = Array.from({ length: guests }, newAttemptId);
  const asked = { payload, nowMs: noon, ...(traceparent !== '' && { traceparent }) };
  await Promise.all(attemptIds.map((attemptId) => attempts.recordIntent({ attemptId, ...asked })));
  await Promise.all(attemptIds.map((attemptId) => attempts.recordOutcome(admitted(attemptId), noon)));
  const ids = (await deliveries.list({ limit: 100, endpointId: endpoint.id })).map(({ id }) => id);
  const terms: DeliverOptions = {
    deliveries,
    endpoints,
    clock,
    random: () => 0.5,
    exchange: async (request) => {
      sent.push(request);
      return { status, headers: retryAfter === '' ? {} : { 'retry-after': retryAfter }, body: new Uint8Array() };
    },
  };
  const deliverer = createDeliverWebhook(terms);
  return {
    clock,
    sent,
    attempts,
    endpoints,
    deliveries,
    endpoint,
    ids,
    deliverer,
    terms,
    async [Symbol.asyncDispose]() {
      await endpoints.remove(endpoint.id, noon);
      await attempts[Symbol.asyncDispose]();
    },
  };
}

test('many are read at once, told each its own, and put on record together', async () => {
  await using on = await scene({ guests: 20 });
  const prepared = await on.deliverer.prepare([...on.ids, 'dlv_nobody']);
  expect(prepared.size).toBe(20);
  const answered: string[] = [];
  await Promise.all([...prepared].map(([id, one]) => on.deliverer.deliver(one, () => answered.push(id))));
  expect(answered.toSorted()).toEqual(on.ids.toSorted());
  expect(new Set(on.sent.map(({ headers }) => headers['webhook-id'])).size).toBe(20);
  for (const id of on.ids) {
    expect(await on.deliveries.get(id)).toMatchObject({ state: 'delivered', tries: 1 });
    expect(await on.deliveries.tries(id)).toHaveLength(1);
  }
  expect((await on.deliverer.prepare(on.ids)).size).toBe(0);
});

test('two that make the same try leave one record', async () => {
  await using on = await scene({ status: 503 });
  const [one] = [...(await on.deliverer.prepare(on.ids)).values()];
  if (!one) throw new Error('There should be one.');
  await Promise.all([on.deliverer.deliver(one), on.deliverer.deliver(one)]);
  expect(await on.deliveries.get(one.delivery.id)).toMatchObject({ state: 'pending', tries: 1 });
  expect(await on.deliveries.tries(one.delivery.id)).toHaveLength(1);
  expect((await on.endpoints.get(on.endpoint.id))?.failures).toBe(1);
});

test('what waited a while is looked at again: an erased guest is not told of, a disabled receiver not asked', async () => {
  await using on = await scene({ guests: 2 });
  const [first, second] = [...(await on.deliverer.prepare(on.ids)).values()];
  if (!first || !second) throw new Error('There should be two.');
  await on.attempts.eraseGuest({ attemptId: first.delivery.attempt_id ?? '', basis: 'asked for', nowMs: noon });
  await on.endpoints.disable(on.endpoint.id, 'broken', noon);
  await on.clock.advance(1_000);
  await on.deliverer.deliver(first);
  await on.deliverer.deliver(second);
  expect(on.sent).toEqual([]);
  expect(await on.deliveries.get(first.delivery.id)).toMatchObject({ state: 'dead', body: null });
  expect(await on.deliveries.get(second.delivery.id)).toMatchObject({ state: 'held' });
});

test('a success ends a row of failures', async () => {
  await using on = await scene();
  await on.endpoints.recordTry(on.endpoint.id, 'failed', noon);
  const [one] = [...(await on.deliverer.prepare(on.ids)).values()];
  if (one) await on.deliverer.deliver(one);
  expect(await on.endpoints.get(on.endpoint.id)).toMatchObject({ failures: 0, failingSince: null });
});

test('a receiver that failed last is asked slowly at first, and one in good health at once', async () => {
  await using well = await scene({ guests: 3 });
  const atOnce = [...(await well.deliverer.prepare(well.ids)).values()];
  await Promise.all(atOnce.map((one) => well.deliverer.deliver(one)));
  expect(well.sent).toHaveLength(3);
  await using on = await scene({ guests: 3 });
  await on.endpoints.recordTry(on.endpoint.id, 'failed', noon);
  const prepared = [...(await on.deliverer.prepare(on.ids)).values()];
  const delivered = Promise.all(prepared.map((one) => on.deliverer.deliver(one)));
  const sent = [];
  for (const spanMs of [49, 1, 49, 1]) {
    await on.clock.advance(spanMs);
    sent.push(on.sent.length);
  }
  expect(sent).toEqual([1, 2, 2, 3]);
  await delivered;
});

/** Another of the fleet, which knows of the receiver what is on record, delivers two events after a first one was answered. */
async function twoAfter(status: number) {
  await using on = await scene({ guests: 3, status });
  const [first = '', ...others] = on.ids;
  const one = (await on.deliverer.prepare([first])).get(first);
  if (one) await on.deliverer.deliver(one);
  const elsewhere = createDeliverWebhook(on.terms);
  const prepared = [...(await elsewhere.prepare(others)).values()];
  const delivered = Promise.all(prepared.map((waiting) => elsewhere.deliver(waiting)));
  const sent = [];
  for (const spanMs of [0, 49, 1]) {
    await on.clock.advance(spanMs);
    sent.push(on.sent.length - 1);
  }
  await delivered;
  return sent;
}

test('a receiver that turns one event down gets the others as fast as ever', async () => {
  expect(await twoAfter(422)).toEqual([2, 2, 2]);
  expect(await twoAfter(404)).toEqual([2, 2, 2]);
});

test('a receiver that is overloaded or broken is asked slowly', async () => {
  expect(await twoAfter(429)).toEqual([1, 1, 2]);
  expect(await twoAfter(408)).toEqual([1, 1, 2]);
  expect(await twoAfter(500)).toEqual([1, 1, 2]);
});

test('a receiver that says how long is left alone for so long, also by those who wait for their turn', async () => {
  await using on = await scene({ guests: 4, status: 503, retryAfter: '30' });
  await on.endpoints.recordTry(on.endpoint.id, 'failed', noon);
  const [first, second, third, fourth] = [...(await on.deliverer.prepare(on.ids)).values()];
  if (!first || !second || !third || !fourth) throw new Error('There should be four.');
  const asked = [first, second, third].map((one) => on.deliverer.deliver(one));
  expect(await asked[0]).toBe(true);
  expect(on.deliverer.resting()).toEqual([on.endpoint.id]);
  await on.clock.advance(200);
  expect(await Promise.all(asked)).toEqual([true, false, false]);
  await on.clock.advance(28_000);
  expect([await on.deliverer.deliver(fourth), on.sent.length]).toEqual([false, 1]);
  expect(await on.deliveries.get(fourth.delivery.id)).toMatchObject({ state: 'pending', tries: 0 });
  await on.clock.advance(2_000);
  expect(on.deliverer.resting()).toEqual([]);
  expect([await on.deliverer.deliver(fourth), on.sent.length]).toEqual([true, 2]);
});

test('a receiver that asks for one second gets nothing within it, also from those who wait for their turn', async () => {
  await using on = await scene({ guests: 4, status: 429, retryAfter: '1' });
  await on.endpoints.recordTry(on.endpoint.id, 'failed', noon);
  const prepared = [...(await on.deliverer.prepare(on.ids)).values()];
  const [first, second, third] = prepared.slice(0, 3).map((one) => on.deliverer.deliver(one));
  expect(await first).toBe(true);
  await on.clock.advance(200);
  expect([await second, await third, on.sent.length]).toEqual([false, false, 1]);
  const [, , , fourth] = prepared;
  if (!fourth) throw new Error('There should be four.');
  const last = on.deliverer.deliver(fourth);
  await on.clock.advance(799);
  expect(on.sent).toHaveLength(1);
  await on.clock.advance(1);
  expect([await last, on.sent.length]).toEqual([true, 2]);
});

test('a receiver that fails one in ten gets the others as fast as ever', async () => {
  await using on = await scene({ guests: 20 });
  let asked = 0;
  const exchange = async () => {
    asked += 1;
    return { status: asked % 10 === 1 ? 500 : 204, headers: {}, body: new Uint8Array() };
  };
  const deliverer = createDeliverWebhook({ ...on.terms, exchange });
  // Nobody moves the clock: whoever had to wait would wait for ever.
  for (const id of on.ids) {
    const one = (await deliverer.prepare([id])).get(id);
    if (one) await deliverer.deliver(one);
  }
  expect(asked).toBe(20);
  expect(await on.deliveries.list({ limit: 20, endpointId: on.endpoint.id, state: 'delivered' })).toHaveLength(18);
});

test('a receiver is told of the trace of the guest, and each try has an id of its own in it', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await using on = await scene({ status: 503, traceparent });
  for (const waitMs of [0, 10_000]) {
    await on.clock.advance(waitMs);
    const [one] = [...(await on.deliverer.prepare(on.ids)).values()];
    if (one) await on.deliverer.deliver(one);
  }
  const told = on.sent.map(({ headers }) => parseTraceparent(headers.traceparent));
  expect(told).toMatchObject(Array(2).fill({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', sampled: true }));
  expect(new Set([...told.map((parent) => parent?.parentId), '00f067aa0ba902b7']).size).toBe(3);
});

test('an erasure is no part of the trace that let the guest in', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await using on = await scene({ traceparent });
  const [told] = await on.deliveries.getAll(on.ids);
  expect(told?.traceparent).toBe(traceparent);
  await on.attempts.eraseGuest({ attemptId: told?.attempt_id ?? '', basis: 'asked for', nowMs: noon });
  const rows = await on.deliveries.list({ limit: 10, attemptId: told?.attempt_id ?? '' });
  const erased = rows.find(({ event_type }) => event_type === 'guest.erased');
  expect(await on.deliveries.getAll([erased?.id ?? ''])).toMatchObject([{ traceparent: null }]);
});
