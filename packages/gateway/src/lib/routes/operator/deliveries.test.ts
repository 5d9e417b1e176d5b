import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeliveryDetail, DeliveryView } from '../../openapi/deliveries.ts';
import { failed, noon } from '../../testing/guests.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';

interface Page {
  readonly data: readonly DeliveryView[];
  readonly nextCursor: string | null;
}

let operators: Operators;

beforeEach(async () => {
  operators = await openOperators();
});

afterEach(() => operators[Symbol.asyncDispose]());

const endpoint = () =>
  operators.endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, operators.clock.now());

const deliveryOf = async (attemptId: string) => (await operators.deliveries.list({ limit: 1, attemptId }))[0]?.id ?? '';

const giveUp = (id: string) =>
  operators.deliveries.recordTry(
    id,
    { number: 1, startedAtMs: noon, durationMs: 20, outcome: 'http_503', responseStatus: 503, responseExcerpt: 'busy' },
    { state: 'dead' },
  );

const reason = 'The receiver is back.';

test('deliveries come newest first, by state, endpoint and attempt', async () => {
  const { id: endpointId } = await endpoint();
  const [first, second] = [await operators.guest(), await operators.guest(failed)];
  await giveUp(await deliveryOf(first));
  const idsOf = async (query: string) =>
    (await operators.ask<Page>(`GET /v1/deliveries${query}`)).body.data.map(({ attemptId }) => attemptId);
  expect(await idsOf('')).toEqual([second, first]);
  expect(await idsOf('?state=dead')).toEqual([first]);
  expect(await idsOf(`?endpoint=${endpointId}&limit=1`)).toEqual([second]);
  expect(await idsOf(`?attempt=${first}`)).toEqual([first]);
  const page = await operators.ask<Page>('GET /v1/deliveries?limit=1');
  expect(await idsOf(`?limit=1&after=${page.body.nextCursor}`)).toEqual([first]);
});

test('a delivery is shown with the bytes that are sent and every try', async () => {
  await endpoint();
  const attemptId = await operators.guest();
  const id = await deliveryOf(attemptId);
  await giveUp(id);
  const { body } = await operators.ask<DeliveryDetail>(`GET /v1/deliveries/${id}`);
  expect(body).toMatchObject({ id, attemptId, eventType: 'guest.authenticated', state: 'dead', tries: 1 });
  expect(body.attempts).toEqual([
    {
      number: 1,
      startedAt: '2024-01-15T10:30:00.000Z',
      durationMs: 20,
      outcome: 'http_503',
      responseStatus: 503,
      responseExcerpt: 'busy',
    },
  ]);
  expect(JSON.parse(body.body ?? '')).toMatchObject({ type: 'guest.authenticated', data: { attemptId } });
  expect((await operators.ask('GET /v1/deliveries/dlv_none')).status).toBe(404);
});

test('one delivery is made due again, and who asked for it is on record first', async () => {
  await endpoint();
  const id = await deliveryOf(await operators.guest());
  expect(await operators.ask(`POST /v1/deliveries/${id}/replay`, { body: { reason } })).toMatchObject({
    status: 409,
    body: { code: 'delivery_not_replayable' },
  });
  await giveUp(id);
  const answer = await operators.ask(`POST /v1/deliveries/${id}/replay`, {
    body: { reason },
    headers: { 'X-Request-Id': 'request-1234' },
  });
  expect(answer).toMatchObject({ status: 202, body: { id, state: 'pending', nextAt: '2024-01-15T10:30:00.000Z' } });
  expect(await operators.jobs()).toEqual([id, id]);
  expect(await operators.actions()).toMatchObject([
    { eventType: 'OPERATOR_DELIVERY_REPLAY', reason, deliveryId: id, requestId: 'request-1234' },
  ]);
  expect((await operators.ask('POST /v1/deliveries/dlv_none/replay', { body: { reason } })).status).toBe(404);
});

test('a replay is tried out first, and then does what it said', async () => {
  await endpoint();
  const ids = [await deliveryOf(await operators.guest()), await deliveryOf(await operators.guest())];
  await operators.clock.advance(60_000);
  const late = await deliveryOf(await operators.guest());
  for (const id of [...ids, late]) await giveUp(id);
  const filter = { state: 'dead', from: '2024-01-15T10:30:00Z', to: '2024-01-15T12:31:00+02:00' };

  const dry = await operators.ask('POST /v1/deliveries/replays', { body: { filter, dryRun: true } });
  expect(dry).toMatchObject({ status: 200, body: { dryRun: true, count: 2 } });
  expect(await operators.jobs()).toHaveLength(3);
  expect(await operators.actions()).toEqual([]);

  const done = await operators.ask('POST /v1/deliveries/replays', { body: { filter, dryRun: false, reason } });
  expect(done).toMatchObject({ status: 202, body: { dryRun: false, count: 2 } });
  expect((await operators.jobs()).slice(3).toSorted()).toEqual(ids.toSorted());
  expect(await operators.actions()).toMatchObject([
    { eventType: 'OPERATOR_DELIVERIES_REPLAY', reason, filter, matching: 2 },
  ]);
  const again = await operators.ask('POST /v1/deliveries/replays', { body: { filter, dryRun: false, reason } });
  expect(again.body).toEqual({ dryRun: false, count: 0 });
  const one = await operators.ask('POST /v1/deliveries/replays', {
    body: { filter: { ids: [late] }, dryRun: false, reason },
  });
  expect(one.body).toEqual({ dryRun: false, count: 1 });
});

test('a purge is tried out first, goes on record, and takes only what was given up and nobody holds', async () => {
  const { id: endpointId } = await endpoint();
  const guests = [await operators.guest(), await operators.guest(), await operators.guest()];
  const [dead = '', held = '', pending = ''] = await Promise.all(guests.map(deliveryOf));
  for (const id of [dead, held]) await giveUp(id);
  await operators.ask('POST /v1/holds', { body: { attemptId: guests[1], matter: 'case 7', reason } });
  const filter = { state: 'dead', endpointId };

  const dry = await operators.ask('POST /v1/deliveries/purges', { body: { filter, dryRun: true } });
  expect(dry).toMatchObject({ status: 200, body: { dryRun: true, count: 1 } });
  expect(await operators.deliveries.get(dead)).toBeDefined();

  const done = await operators.ask('POST /v1/deliveries/purges', { body: { filter, dryRun: false, reason } });
  expect(done).toMatchObject({ status: 200, body: { dryRun: false, count: 1 } });
  expect(await operators.deliveries.get(dead)).toBeUndefined();
  expect(await operators.deliveries.tries(dead)).toEqual([]);
  expect((await operators.deliveries.list({ limit: 9 })).map(({ id, state }) => [id, state])).toEqual([
    [pending, 'pending'],
    [held, 'dead'],
  ]);
  expect((await operators.actions()).at(-1)).toMatchObject({
    eventType: 'OPERATOR_DELIVERIES_PURGE',
    reason,
    filter,
    matching: 1,
  });
  const one = { filter: { ids: [pending] }, dryRun: false, reason };
  expect((await operators.ask('POST /v1/deliveries/purges', { body: one })).body).toEqual({ dryRun: false, count: 0 });
});

test('a purge without a condition or a reason, or of what may yet arrive, is refused', async () => {
  const status = async (body: unknown) => (await operators.ask('POST /v1/deliveries/purges', { body })).status;
  expect(await status({ dryRun: true, filter: {} })).toBe(422);
  expect(await status({ dryRun: false, filter: { state: 'dead' } })).toBe(422);
  expect(await status({ dryRun: true, filter: { state: 'held' } })).toBe(422);
});

test('what a replay is asked for is said in full: no condition, no dryRun or no reason is refused', async () => {
  const pointers = async (body: unknown) => {
    const answer = await operators.ask<{ errors?: readonly { pointer: string }[] }>('POST /v1/deliveries/replays', {
      body,
    });
    expect(answer.status).toBe(422);
    return answer.body.errors?.map(({ pointer }) => pointer);
  };
  expect(await pointers({ dryRun: true, filter: {} })).toEqual(['/filter']);
  expect(await pointers({ filter: { state: 'dead' }, reason })).toEqual(['/dryRun']);
  expect(await pointers({ dryRun: false, filter: { state: 'dead' } })).toEqual(['/reason']);
  expect(await pointers({ dryRun: false, filter: { state: 'pending' }, reason: ' ' })).toEqual([
    '/filter/state',
    '/reason',
  ]);
  expect(await pointers({ dryRun: true, filter: { from: '2024-02-30T00:00:00Z' } })).toEqual(['/filter/from']);
});
