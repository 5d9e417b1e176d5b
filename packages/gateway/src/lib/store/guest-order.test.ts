import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DeliveryStores, openDeliveryStores } from '../testing/delivery-stores.ts';
import { admitted, newAttemptId, noon, payload } from '../testing/guests.ts';
import type { Verdict } from './ended-tries.ts';

let on: DeliveryStores;

beforeAll(async () => {
  on = await openDeliveryStores();
});

afterAll(() => on[Symbol.asyncDispose]());

beforeEach(() => on.clear());

const endpoint = (ordering: 'none' | 'guest' = 'guest') =>
  on.endpoints.create({ url: 'https://idp.example/hook', ordering, secret: 'whsec_x' }, noon);

/** A guest who was let in and took the consent back: the ids of the two deliveries, the earlier one first. */
async function guest(): Promise<readonly [string, string]> {
  const attemptId = newAttemptId();
  await on.attempts.recordIntent({ attemptId, payload, nowMs: noon });
  await on.attempts.recordOutcome(admitted(attemptId), noon);
  await on.attempts.withdrawConsent({ attemptId, basis: 'asked for', nowMs: noon });
  const [second, first] = await on.deliveries.list({ limit: 2, attemptId });
  await on.forgetJobs();
  return [first?.id ?? '', second?.id ?? ''];
}

const settle = (id: string, verdict: Verdict, number = 1) =>
  on.deliveries.recordTry(
    id,
    { number, startedAtMs: noon, durationMs: 20, outcome: 'http_503', responseStatus: 503, responseExcerpt: null },
    verdict,
  );

const behind = async (id: string) => (await on.deliveries.get(id))?.behind;

test('an event waits for the one before while that is tried again, and gets its job when that is settled', async () => {
  await endpoint();
  const [first, second] = await guest();
  const [other, next] = await guest();
  expect(await on.deliveries.waitInLine([first, second, other])).toEqual([second]);
  expect([await behind(first), await behind(second), await behind(next)]).toEqual([null, first, null]);
  await settle(first, { state: 'pending', nextAtMs: noon + 5_000 });
  expect(await on.jobs()).toEqual([first]);
  await settle(first, { state: 'delivered' }, 2);
  expect(await on.jobs()).toEqual([first, second]);
  expect(await behind(second)).toBeNull();
  expect(await on.deliveries.waitInLine([second])).toEqual([]);
});

test.each(['dead', 'held'] as const)('one that is %s holds nobody up', async (state) => {
  await endpoint();
  const [first, second] = await guest();
  await on.deliveries.waitInLine([second]);
  await settle(first, { state });
  expect(await on.jobs()).toEqual([second]);
});

test('of three each waits for the one right before it', async () => {
  const { id } = await endpoint();
  const [first, second] = await guest();
  await settle(first, { state: 'dead' });
  await settle(second, { state: 'dead' });
  const [{ attempt_id = '' } = {}] = await on.deliveries.list({ limit: 1 });
  await on.database.query(
    `insert into guestpass.deliveries (id, event_id, event_type, attempt_id, endpoint_id, body, state, next_at, created_at)
    values ('dlv_third', 'evt_third', 'guest.updated', $1, $2, '{}', 'pending', now(), now())`,
    [attempt_id, id],
  );
  expect(await on.deliveries.waitInLine(['dlv_third'])).toEqual([]);
  await on.deliveries.replay({ endpointId: id, state: 'dead' }, { nowMs: noon });
  await on.forgetJobs();
  expect((await on.deliveries.waitInLine([first, second, 'dlv_third'])).toSorted()).toEqual(
    [second, 'dlv_third'].toSorted(),
  );
  expect([await behind(second), await behind('dlv_third')]).toEqual([first, second]);
  await settle(first, { state: 'delivered' }, 2);
  expect(await on.jobs()).toEqual([second]);
});

test('other endpoints do not wait, and an erasure waits for nothing', async () => {
  const ordered = await endpoint();
  const [first, second] = await guest();
  await endpoint();
  const [, elsewhere] = await guest();
  expect((await on.deliveries.get(elsewhere))?.endpoint_id).not.toBe(ordered.id);
  await on.deliveries.waitInLine([second]);
  const attemptId = (await on.deliveries.get(first))?.attempt_id ?? '';
  await on.attempts.eraseGuest({ attemptId, basis: 'asked for', nowMs: noon });
  const rows = await on.deliveries.list({ limit: 9, attemptId, endpointId: ordered.id });
  expect(rows.map(({ event_type, state }) => [event_type, state])).toEqual([
    ['guest.erased', 'pending'],
    ['consent.withdrawn', 'dead'],
    ['guest.authenticated', 'dead'],
  ]);
  expect(await on.jobs()).toContain(rows[0]?.id);
  expect(await on.deliveries.waitInLine(rows.map(({ id }) => id))).toEqual([]);
});

test('who wants no order any more gets at once what waited', async () => {
  const { id } = await endpoint();
  const [first, second] = await guest();
  await on.deliveries.waitInLine([second]);
  await on.deliveries.letAllGo(id);
  expect(await on.jobs()).toEqual([second]);
  await settle(first, { state: 'delivered' });
  expect(await on.jobs()).toEqual([second]);
});

test('nobody waits for one that is settled at the same moment without getting a job', async () => {
  await endpoint();
  const guests = await Promise.all(Array.from({ length: 40 }, guest));
  const waiting = guests.map(async ([, second]) => (await on.deliveries.waitInLine([second])).length === 1);
  const settled = guests.map(([first]) => settle(first, { state: 'delivered' }));
  const [waited] = await Promise.all([Promise.all(waiting), Promise.all(settled)]);
  const seconds = guests.map(([, second]) => second);
  expect((await on.jobs()).toSorted()).toEqual(seconds.filter((_, index) => waited[index]).toSorted());
  expect((await on.deliveries.getAll(seconds)).map((delivery) => delivery.behind)).toEqual(seconds.map(() => null));
});

const untilBlocked = () =>
  expect
    .poll(
      async () =>
        await on.database.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      { timeout: 5_000 },
    )
    .toHaveLength(1);

test('nobody is put behind another once the endpoint wants no order, however late that is seen', async () => {
  const { id } = await endpoint();
  const [, second] = await guest();
  const waiting = await on.database.transaction(async (work) => {
    await sql`update guestpass.webhook_endpoints set ordering = 'none' where id = ${id}`.execute(work);
    const looked = on.deliveries.waitInLine([second]);
    await untilBlocked();
    return { looked };
  });
  expect(await waiting.looked).toEqual([]);
  expect(await behind(second)).toBeNull();
  expect(await on.deliveries.waitInLine([second])).toEqual([]);
});

test('one that is put behind another while that is settled gets its job, also when order was asked for meanwhile', async () => {
  const { id } = await endpoint('none');
  const [first, second] = await guest();
  const settling = await on.database.transaction(async (work) => {
    await sql`select from guestpass.deliveries where id = ${first} for share`.execute(work);
    const settled = settle(first, { state: 'delivered' });
    await untilBlocked();
    await on.endpoints.change(id, { ordering: 'guest' }, noon);
    await sql`update guestpass.deliveries set behind = ${first} where id = ${second}`.execute(work);
    return { settled };
  });
  expect(await settling.settled).toBe(true);
  expect(await on.jobs()).toEqual([second]);
});

test('deliveries are settled in the order in which those behind them look, so that neither has what the other waits for', async () => {
  await endpoint();
  const firsts: string[] = [];
  for (let count = 0; count < 8; count += 1) firsts.push((await guest())[0]);
  const [low = ''] = firsts.toSorted();
  const high = firsts.find((id) => id > low) ?? '';
  const settled = await on.database.transaction(async (work) => {
    await sql`select from guestpass.deliveries where id = ${low} for share`.execute(work);
    const both = [high, low].map((id) => settle(id, { state: 'delivered' }));
    await untilBlocked();
    const free = `select id from guestpass.deliveries where id = $1 for update skip locked`;
    expect(await on.database.query(free, [high])).toEqual([{ id: high }]);
    return both;
  });
  expect(await Promise.all(settled)).toEqual([true, true]);
});
