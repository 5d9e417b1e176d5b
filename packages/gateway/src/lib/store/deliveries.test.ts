import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DeliveryStores, openDeliveryStores } from '../testing/delivery-stores.ts';
import { admitted, failed, newAttemptId, noon, payload } from '../testing/guests.ts';

let on: DeliveryStores;

beforeAll(async () => {
  on = await openDeliveryStores();
});

afterAll(() => on[Symbol.asyncDispose]());

beforeEach(() => on.clear());

const endpoint = (eventTypes: readonly string[] | null = null) =>
  on.endpoints.create({ url: 'https://idp.example/hook', eventTypes, secret: 'whsec_x' }, noon);

async function guest(make: typeof admitted | typeof failed = admitted, nowMs = noon): Promise<string> {
  const attemptId = newAttemptId();
  await on.attempts.recordIntent({ attemptId, payload, nowMs });
  await on.attempts.recordOutcome(make(attemptId), nowMs);
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

test('each endpoint gets what it wants to hear, as one event with one body', async () => {
  const [all, failures] = [await endpoint(), await endpoint(['guest.failed'])];
  await guest(admitted);
  await guest(failed);
  const listed = await on.deliveries.list({ limit: 9 });
  expect(listed.map(({ endpoint_id, event_type }) => [endpoint_id, event_type])).toEqual([
    [failures.id, 'guest.failed'],
    [all.id, 'guest.failed'],
    [all.id, 'guest.authenticated'],
  ]);
  expect(listed[0]?.event_id).toBe(listed[1]?.event_id);
  const bodies = await Promise.all(listed.slice(0, 2).map(async ({ id }) => (await on.deliveries.get(id))?.body));
  expect(bodies[0]?.equals(bodies[1] ?? Buffer.of())).toBe(true);
  expect(await on.deliveries.list({ limit: 9, endpointId: failures.id })).toHaveLength(1);
});

test('each event carries the number of its audit record, also of many that are kept at once', async () => {
  await endpoint();
  const ids = Array.from({ length: 20 }, newAttemptId);
  await Promise.all(ids.map((attemptId) => on.attempts.recordIntent({ attemptId, payload, nowMs: noon })));
  const terms = { basis: 'asked for', nowMs: noon };
  await Promise.all(
    ids.flatMap((attemptId, index) => [
      on.attempts.recordOutcome((index % 2 === 0 ? admitted : failed)(attemptId), noon),
      on.attempts.recordOutcome(failed(attemptId), noon),
      on.attempts.withdrawConsent({ attemptId, ...terms }),
    ]),
  );
  await Promise.all(ids.slice(0, 5).map((attemptId) => on.attempts.eraseGuest({ attemptId, ...terms })));
  const records = await on.database.query('select sequence, event_type, attempt_id from guestpass.audit_records');
  const recorded = new Map(
    records.map(({ sequence, event_type, attempt_id }) => [Number(sequence), [event_type, attempt_id]]),
  );
  const told = (await on.deliveries.getAll((await on.deliveries.list({ limit: 99 })).map(({ id }) => id)))
    .flatMap(({ body }) => (body ? [JSON.parse(body.toString())] : []))
    .map(({ type, data }) => ({ type: `WEBMESSAGING_${type.toUpperCase().replace('.', '_')}`, ...data }));
  // What was told before of the five that are erased is gone: 20 x 2 - 5 x 2 + 5.
  expect(told).toHaveLength(35);
  for (const { type, attemptId, sequence } of told) expect(recorded.get(sequence)).toEqual([type, attemptId]);
});

test('what is due for a disabled endpoint is held, and its job not made', async () => {
  const { id } = await endpoint();
  await on.endpoints.disable(id, 'broken', noon);
  await guest();
  expect(await on.deliveries.count()).toEqual({ pending: 0, delivered: 0, dead: 0, held: 1 });
  expect(await on.deliveries.undelivered()).toEqual({ pending: 0, dead: 0, held: 1 });
  expect(await on.jobs()).toEqual([]);
  expect(await on.deliveries.replay({ state: 'held' }, { nowMs: noon })).toEqual([]);

  await on.endpoints.enable(id, noon);
  expect(await on.deliveries.countReplay({ state: 'held', endpointId: id })).toBe(1);
  const released = await on.deliveries.replay({ state: 'held', endpointId: id }, { nowMs: noon });
  expect(await on.jobs()).toEqual(released);
  expect(await on.deliveries.oldestPending()).toEqual(new Date(noon));

  await on.deliveries.recordTry(released[0] ?? '', finished(1), { state: 'held' });
  expect(await on.deliveries.undelivered()).toMatchObject({ held: 1 });
  await on.endpoints.remove(id, noon);
  expect(await on.deliveries.undelivered()).toMatchObject({ held: 0 });
});

test('tries are kept in order, and a worker that lost its turn writes nothing', async () => {
  await endpoint();
  const attemptId = await guest();
  const [{ id } = { id: '' }] = await on.deliveries.list({ limit: 1, attemptId });
  expect(await on.deliveries.recordTry(id, finished(1), { state: 'pending', nextAtMs: noon + 5_000 })).toBe(true);
  expect(await on.deliveries.recordTry(id, finished(1), { state: 'dead' })).toBe(false);
  expect(await on.deliveries.get(id)).toMatchObject({ state: 'pending', tries: 1, next_at: new Date(noon + 5_000) });
  expect(await on.deliveries.recordTry(id, finished(2, 'delivered'), { state: 'delivered' })).toBe(true);
  expect(await on.deliveries.recordTry(id, finished(3), { state: 'dead' })).toBe(false);
  expect(await on.deliveries.get(id)).toMatchObject({
    state: 'delivered',
    next_at: null,
    settled_at: new Date(noon + 2_020),
  });
  expect((await on.deliveries.tries(id)).map(({ try: number, outcome }) => [number, outcome])).toEqual([
    [1, 'http_503'],
    [2, 'delivered'],
  ]);
});

test('a replay brings back what the filter names, same id and bytes, and goes on counting tries', async () => {
  await endpoint();
  const [early, late] = [await guest(admitted, noon), await guest(admitted, noon + 60_000)];
  const ids = await Promise.all(
    [early, late].map(async (attemptId) => (await on.deliveries.list({ limit: 1, attemptId }))[0]?.id ?? ''),
  );
  for (const id of ids) await on.deliveries.recordTry(id, finished(1), { state: 'dead' });
  await on.forgetJobs();
  const before = await on.deliveries.get(ids[1] ?? '');

  const filter = { state: 'dead' as const, fromMs: noon + 60_000, toMs: noon + 60_001 };
  expect(await on.deliveries.countReplay(filter)).toBe(1);
  expect(await on.deliveries.replay(filter, { nowMs: noon + 90_000 })).toEqual([ids[1]]);
  expect(await on.deliveries.replay(filter, { nowMs: noon + 90_000 })).toEqual([]);
  expect(await on.jobs()).toEqual([ids[1]]);
  const after = await on.deliveries.get(ids[1] ?? '');
  expect(after).toEqual({ ...before, state: 'pending', next_at: new Date(noon + 90_000), settled_at: null });
  expect(await on.deliveries.recordTry(ids[1] ?? '', finished(2, 'delivered'), { state: 'delivered' })).toBe(true);
  expect(await on.deliveries.replay({ ids: [ids[0] ?? ''] }, { nowMs: noon })).toEqual([ids[0]]);
});

test('of many the oldest are brought back first, as many as are asked for', async () => {
  await endpoint();
  for (const nowMs of [noon, noon + 1, noon + 2]) await guest(admitted, nowMs);
  const ids = (await on.deliveries.list({ limit: 9 })).map(({ id }) => id).toReversed();
  for (const id of ids) await on.deliveries.recordTry(id, finished(1), { state: 'held' });
  expect((await on.deliveries.replay({ state: 'held' }, { nowMs: noon, limit: 2 })).toSorted()).toEqual(
    ids.slice(0, 2).toSorted(),
  );
  expect(await on.deliveries.replay({ state: 'held' }, { nowMs: noon, limit: 2 })).toEqual(ids.slice(2));
});
