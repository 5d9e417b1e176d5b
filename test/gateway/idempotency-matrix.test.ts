import { randomUUID } from 'node:crypto';
import { type Exchange, undiciExchange } from 'guestpass/http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshPayload } from './support/payload.ts';
import { askGuest, openStage, type Stage } from './support/stage.ts';

// What the second request costs, without a key and with one: each cell by status and code, and by how often the captcha
// provider and the platform were asked, outcomes recorded and deliveries written.

let stage: Stage;
/** Where the next call to the platform waits. */
let gate: Gate | undefined;
let network: ReturnType<typeof undiciExchange>;

const shop = 'https://shop.example';
const other = 'https://other.example';

beforeAll(async () => {
  network = undiciExchange();
  const exchange: Exchange = async (request) => {
    const { reached, released } = (request.url.endsWith('/guests') && gate) || {};
    if (reached) gate = undefined;
    reached?.resolve();
    await released?.promise;
    return await network.exchange(request);
  };
  stage = await openStage({
    gateway: { websites: [{ origin: shop }, { origin: other }], requireOrigin: true },
    platform: { exchange },
  });
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await network?.close();
});

beforeEach(() => {
  gate = undefined;
  stage.simulator.faults.clear();
});

interface Body {
  readonly guestId?: string;
  readonly code?: string;
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly replayed: boolean;
  readonly retryAfter: string | null;
  readonly body: Body;
}

interface Asking {
  readonly key?: string;
  readonly origin?: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Of the gateway that is asked. Default that of the stage. */
  readonly url?: string;
}

async function ask({ key, origin = shop, payload = guest(), url = stage.gateway.url }: Asking): Promise<Answer> {
  const headers = { origin, ...(key !== undefined && { 'idempotency-key': key }) };
  const response = await askGuest(url, payload, headers);
  // A cast, because the answer is our own gateway's.
  const body = (await response.json()) as Body;
  return {
    status: response.status,
    code: body.code,
    replayed: response.headers.get('idempotency-replayed') === 'true',
    retryAfter: response.headers.get('retry-after'),
    body,
  };
}

const consent = { accepted: true, timestamp: new Date().toISOString() };

/** The same guest each time, with a captcha answer that was never used, as a website sends it again. */
const guest = (change: Readonly<Record<string, unknown>> = {}) => freshPayload({ consent, ...change });

const newKey = () => `visit-${randomUUID()}`;

async function counts() {
  const { captchaRequests, guestRequests } = stage.simulator.stats();
  const [row] = await stage.database.query(
    `select (select count(*)::int from guestpass.audit_records
         where event_type ~ '_(AUTHENTICATED|REFUSED|FAILED|UNKNOWN)$') as outcomes,
       (select count(*)::int from guestpass.deliveries) as deliveries`,
  );
  return {
    captcha: captchaRequests,
    platform: guestRequests,
    outcomes: Number(row?.outcomes),
    deliveries: Number(row?.deliveries),
  };
}

/** What was done, and what it cost: captcha calls, platform calls, outcomes on record, deliveries. */
async function costOf<T>(work: () => Promise<T>) {
  const before = await counts();
  const answer = await work();
  const after = await counts();
  const cost = [
    after.captcha - before.captcha,
    after.platform - before.platform,
    after.outcomes - before.outcomes,
    after.deliveries - before.deliveries,
  ];
  return { answer, cost };
}

const nothing = [0, 0, 0, 0];
const oneGuest = [1, 1, 1, 1];
const admitted = { status: 201, code: undefined, replayed: false };
const replayed = { status: 201, code: undefined, replayed: true };

interface Gate {
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** Asks, and comes back once the platform would be called, which it is not before `release` is. */
async function askHeld(asking: Asking) {
  const held = { reached: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
  gate = held;
  const first = ask(asking);
  await held.reached.promise;
  return { first, release: () => held.released.resolve() };
}

/** As if the key had been used a day ago. */
const ageKeys = () =>
  stage.database.query(`update guestpass.idempotency_keys set expires_at = expires_at - interval '24 hours'`);

test('no key, first: one guest', async () => {
  const { answer, cost } = await costOf(() => ask({}));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('a key, first: one guest', async () => {
  const { answer, cost } = await costOf(() => ask({ key: newKey() }));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('no key where one is required: refused, and nobody is asked', async () => {
  await using strict = await stage.another('strict', { requireIdempotencyKey: true });
  const refused = await costOf(() => ask({ url: strict.url }));
  expect(refused.answer).toMatchObject({ status: 400, code: 'idempotency_key_invalid' });
  expect(refused.cost).toEqual(nothing);
  expect(await ask({ url: strict.url, key: newKey() })).toMatchObject(admitted);
});

test('no key, again when it is done: another guest', async () => {
  const first = await ask({});
  const { answer, cost } = await costOf(() => ask({}));
  expect(answer).toMatchObject(admitted);
  expect(answer.body.guestId).not.toBe(first.body.guestId);
  expect(cost).toEqual(oneGuest);
});

test('a key, again when it is done: the same answer, and nobody is asked', async () => {
  const key = newKey();
  const first = await ask({ key });
  const { answer, cost } = await costOf(() => ask({ key }));
  expect(answer).toMatchObject(replayed);
  expect(answer.body).toEqual(first.body);
  expect(cost).toEqual(nothing);
});

test('no key, again while it is under way: another guest', async () => {
  const { first, release } = await askHeld({});
  const { answer, cost } = await costOf(() => ask({}));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
  release();
  const { status, body } = await first;
  expect(status).toBe(201);
  expect(body.guestId).not.toBe(answer.body.guestId);
});

test('a key, again while it is under way: come back in a second', async () => {
  const key = newKey();
  const { first, release } = await askHeld({ key });
  const { answer, cost } = await costOf(() => ask({ key }));
  expect(answer).toMatchObject({ status: 409, code: 'idempotency_in_progress', replayed: false, retryAfter: '1' });
  expect(cost).toEqual(nothing);
  const ended = await costOf(async () => {
    release();
    return await first;
  });
  expect(ended.answer).toMatchObject(admitted);
  expect(ended.cost).toEqual([0, 1, 1, 1]);
});

test('no key, again after a failure: a new attempt', async () => {
  stage.simulator.faults.add({ operation: 'guest', status: 500 });
  const first = await costOf(() => ask({}));
  expect(first.answer).toMatchObject({ status: 503, code: 'platform_unavailable' });
  expect(first.cost).toEqual(oneGuest);
  const { answer, cost } = await costOf(() => ask({}));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('a key, again after a failure: a new attempt, because nobody was made', async () => {
  const key = newKey();
  stage.simulator.faults.add({ operation: 'guest', status: 500 });
  const first = await costOf(() => ask({ key }));
  expect(first.answer).toMatchObject({ status: 503, code: 'platform_unavailable' });
  expect(first.cost).toEqual(oneGuest);
  const { answer, cost } = await costOf(() => ask({ key }));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('no key, again after an open outcome: a second guest may be made', async () => {
  stage.simulator.faults.add({ operation: 'guest', reset: 'after' });
  const first = await costOf(() => ask({}));
  expect(first.answer).toMatchObject({ status: 504, code: 'outcome_unknown' });
  expect(first.cost).toEqual(oneGuest);
  const { answer, cost } = await costOf(() => ask({}));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('a key, again after an open outcome: it stays open, and nobody is asked', async () => {
  const key = newKey();
  stage.simulator.faults.add({ operation: 'guest', reset: 'after' });
  const first = await costOf(() => ask({ key }));
  expect(first.answer).toMatchObject({ status: 504, code: 'outcome_unknown', replayed: false });
  expect(first.cost).toEqual(oneGuest);
  const { answer, cost } = await costOf(() => ask({ key }));
  expect(answer).toMatchObject({ status: 504, code: 'outcome_unknown', replayed: true });
  expect(cost).toEqual(nothing);
});

test('no key, again with another body: another guest', async () => {
  await ask({});
  const { answer, cost } = await costOf(() => ask({ payload: guest({ attributes: { origin: 'elsewhere' } }) }));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('a key, again with another body: refused', async () => {
  const key = newKey();
  await ask({ key });
  const { answer, cost } = await costOf(() => ask({ key, payload: guest({ attributes: { origin: 'elsewhere' } }) }));
  expect(answer).toMatchObject({ status: 422, code: 'idempotency_key_reused', replayed: false });
  expect(cost).toEqual(nothing);
});

test('no key, again from another website: another guest', async () => {
  await ask({});
  const { answer, cost } = await costOf(() => ask({ origin: other }));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('a key, again from another website: its key, and its own guest', async () => {
  const key = newKey();
  const first = await ask({ key });
  const { answer, cost } = await costOf(() => ask({ key, origin: other }));
  expect(answer).toMatchObject(admitted);
  expect(answer.body.guestId).not.toBe(first.body.guestId);
  expect(cost).toEqual(oneGuest);
});

test('no key, again after a day: another guest', async () => {
  await ask({});
  await ageKeys();
  const { answer, cost } = await costOf(() => ask({}));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
});

test('a key, again after a day: a new key, and another guest', async () => {
  const key = newKey();
  const first = await ask({ key });
  await ageKeys();
  const { answer, cost } = await costOf(() => ask({ key }));
  expect(answer).toMatchObject(admitted);
  expect(answer.body.guestId).not.toBe(first.body.guestId);
  expect(cost).toEqual(oneGuest);
});

test('no key, again after the gateway was started anew: another guest', async () => {
  const before = await stage.another('before');
  await ask({ url: before.url });
  await before.stop(0);
  const after = await stage.another('after');
  const { answer, cost } = await costOf(() => ask({ url: after.url }));
  expect(answer).toMatchObject(admitted);
  expect(cost).toEqual(oneGuest);
  await after.stop(0);
});

test('a key, again after the gateway was started anew: the same answer, and nobody is asked', async () => {
  const key = newKey();
  const before = await stage.another('before');
  const first = await ask({ key, url: before.url });
  await before.stop(0);
  const after = await stage.another('after');
  const { answer, cost } = await costOf(() => ask({ key, url: after.url }));
  expect(answer).toMatchObject(replayed);
  expect(answer.body).toEqual(first.body);
  expect(cost).toEqual(nothing);
  await after.stop(0);
});

const fifty = (asking: () => Asking) => Promise.all(Array.from({ length: 50 }, () => ask(asking())));

test('no key, fifty at once: fifty guests', async () => {
  const { answer, cost } = await costOf(() => fifty(() => ({})));
  expect(answer.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201));
  expect(new Set(answer.map(({ body }) => body.guestId)).size).toBe(50);
  expect(cost).toEqual([50, 50, 50, 50]);
});

test('a key, fifty at once: one guest, and the others wait or have the same answer', async () => {
  const key = newKey();
  const { answer, cost } = await costOf(() => fifty(() => ({ key })));
  const originals = answer.filter(({ status, replayed: again }) => status === 201 && !again);
  expect(originals).toHaveLength(1);
  const others = answer.filter((one) => !originals.includes(one));
  const kinds = new Set(others.map(({ status, code = 'replayed' }) => `${status} ${code}`));
  expect([...kinds].filter((kind) => kind !== '201 replayed')).toEqual(['409 idempotency_in_progress']);
  expect(
    new Set(others.flatMap(({ body }) => body.guestId ?? [])).isSubsetOf(new Set([originals[0]?.body.guestId])),
  ).toBe(true);
  expect(cost).toEqual(oneGuest);
});
