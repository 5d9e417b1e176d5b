import { connect, createServer, type Socket } from 'node:net';
import { type Clock, systemClock } from 'guestpass';
import type { Exchange, HttpResponse } from 'guestpass/http';
import { generateWebhookSecret } from 'guestpass/webhook';
import { expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { createDeliveryStore } from '../store/deliveries.ts';
import { createEndpointStore } from '../store/endpoints.ts';
import { admitted, masterKey, newAttemptId, payload } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { createDeliverWebhook } from './deliver-webhook.ts';
import { openDeliveryQueue } from './delivery-queue.ts';

test('a queue that cannot be opened leaves no connection behind', async () => {
  await using database = await testDatabase();
  const open = () => openDeliveryQueue({ url: database.url, clock: systemClock, onProblem: () => {} });
  await (await open())[Symbol.asyncDispose]();
  await database.query(
    `create function guestpass_jobs.refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no more queues'; end $$`,
  );
  await database.query(
    'create trigger refuse before insert on guestpass_jobs.queue for each row execute function guestpass_jobs.refuse()',
  );
  await expect(open()).rejects.toThrow('no more queues');
  const connections = `select count(*)::int as left_open from pg_stat_activity
    where application_name = 'guestpass-jobs' and datname = current_database()`;
  await expect.poll(() => database.query(connections)).toEqual([{ left_open: 0 }]);
});

/** Stands before a database, and can be made to swallow everything. */
async function swallower(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => void (swallows || to.write(chunk)));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const at = new URL(url);
  at.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: at.href,
    swallow() {
      swallows = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

test('a queue whose database hangs ends all the same', async () => {
  await using database = await testDatabase();
  await using between = await swallower(database.url);
  const told = Promise.withResolvers<unknown>();
  const common = { clock: systemClock, onProblem: told.resolve };
  // The tables are there then, so that nothing but the hang takes long.
  await (await openDeliveryQueue({ ...common, url: database.url }))[Symbol.asyncDispose]();
  const queue = await openDeliveryQueue({ ...common, url: between.url, answerTimeoutMs: 1_000 });
  await queue.start({ prepare: async () => new Map(), deliver: async () => true, resting: () => [] });
  between.swallow();
  expect(await told.promise).toBeInstanceOf(Error);
  await queue[Symbol.asyncDispose]();
}, 10_000);

test('jobs that cannot be put away, because the database hangs, are left to come again and not waited for', async () => {
  await using database = await testDatabase();
  await using between = await swallower(database.url);
  const common = { clock: systemClock, onProblem: () => {} };
  await (await openDeliveryQueue({ ...common, url: database.url }))[Symbol.asyncDispose]();
  const queue = await openDeliveryQueue({ ...common, url: between.url, answerTimeoutMs: 500 });
  const claimed = Promise.withResolvers<void>();
  await queue.start({
    async prepare() {
      between.swallow();
      claimed.resolve();
      return new Map();
    },
    deliver: async () => true,
    resting: () => [],
  });
  const about = { endpointId: 'ep_1', eventId: 'evt_1', eventType: 'guest.failed', attemptId: null, tries: 0 };
  const due = Array.from({ length: 64 }, (_, index) => ({ id: `dlv_${index}`, ...about }));
  await database.transaction((work) => queue.announce(work, due));
  await claimed.promise;
  const begun = performance.now();
  await queue[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(10_000);
}, 60_000);

interface DeliveringOptions {
  readonly clock?: Clock;
  readonly status?: number;
  /** When the receiver does, and what is different about it. */
  readonly answers?: () => Promise<Partial<HttpResponse> | undefined>;
  readonly schedule?: readonly number[];
  readonly onProblem?: (error: unknown) => void;
}

/** A guest who was let in, and the queue that tells of it, of a gateway with a clock and a receiver of its own. */
async function delivering(options: DeliveringOptions) {
  const {
    clock = systemClock,
    status = 204,
    answers = async () => undefined,
    schedule,
    onProblem = () => {},
  } = options;
  const database = await testDatabase();
  const queue = await openDeliveryQueue({ url: database.url, clock, onProblem });
  const attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1', announce: queue.announce });
  const endpoints = createEndpointStore(database, masterKey);
  const deliveries = createDeliveryStore({ database, masterKey, announce: queue.announce });
  const sent: unknown[] = [];
  const exchange: Exchange = async (request) => {
    sent.push(request);
    return { status, headers: {}, body: new Uint8Array(), ...(await answers()) };
  };
  await endpoints.create({ url: 'https://idp.example/hook', secret: generateWebhookSecret() }, systemClock.now());
  const terms = { deliveries, endpoints, clock, random: () => 0.5, exchange, ...(schedule && { schedule }) };
  await queue.start(createDeliverWebhook(terms));
  const guest = async () => {
    const attemptId = newAttemptId();
    await attempts.recordIntent({ attemptId, payload, nowMs: systemClock.now() });
    await attempts.recordOutcome(admitted(attemptId), systemClock.now());
    return attemptId;
  };
  const attemptId = await guest();
  const delivery = async () => (await deliveries.list({ limit: 1, attemptId }))[0];
  return {
    database,
    queue,
    sent,
    guest,
    delivery,
    count: () => deliveries.count(),
    async [Symbol.asyncDispose]() {
      await attempts[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('a gateway whose clock is behind delivers what others announced', async () => {
  await using on = await delivering({ clock: { ...systemClock, now: () => systemClock.now() - 60_000 } });
  await expect.poll(on.delivery, { timeout: 5_000 }).toMatchObject({ state: 'delivered', tries: 1 });
});

test('a job that comes again behind its own try makes no other', async () => {
  await using on = await delivering({ status: 503 });
  await expect.poll(on.delivery, { timeout: 5_000 }).toMatchObject({ state: 'pending', tries: 1 });
  const { id = '', endpoint_id = '', event_id = '', event_type = '' } = (await on.delivery()) ?? {};
  const again = { id, endpointId: endpoint_id, eventId: event_id, eventType: event_type, attemptId: null, tries: 0 };
  await on.database.transaction((work) => on.queue.announce(work, [again]));
  // That of the next try is what is left.
  const left = `select data->>'tries' as tries from guestpass_jobs.job`;
  await expect.poll(() => on.database.query(left), { timeout: 5_000 }).toEqual([{ tries: '1' }]);
  expect(on.sent).toHaveLength(1);
});

test('a delivery that lost its job is due again, and one that has a job is left to it', async () => {
  await using on = await delivering({ status: 503 });
  await expect.poll(on.delivery, { timeout: 5_000 }).toMatchObject({ state: 'pending', tries: 1 });
  const later = systemClock.now() + 3_600_000;
  expect(await on.queue.recover(on.database, later)).toBe(0);
  await on.database.query('delete from guestpass_jobs.job');
  expect(await on.queue.recover(on.database, systemClock.now() - 60_000)).toBe(0);
  expect(await on.queue.recover(on.database, later)).toBe(1);
  await expect.poll(on.delivery, { timeout: 5_000 }).toMatchObject({ tries: 2 });
});

test('the end does not wait for a receiver that does not answer, and the try does not count', async () => {
  await using on = await delivering({ answers: () => new Promise(() => {}) });
  await expect.poll(() => on.sent.length, { timeout: 5_000 }).toBe(1);
  const begun = performance.now();
  await on.queue[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(8_000);
  expect(await on.delivery()).toMatchObject({ state: 'pending', tries: 0 });
  expect(await on.database.query('select state::text from guestpass_jobs.job')).toEqual([{ state: 'retry' }]);
}, 20_000);

test('a receiver that asks to be left alone is, with all that is due for it, and that is no trouble', async () => {
  const problems: unknown[] = [];
  const askedAt: number[] = [];
  await using on = await delivering({
    schedule: Array(10).fill(0),
    onProblem: (error) => problems.push(error),
    async answers() {
      askedAt.push(performance.now());
      return askedAt.length === 1 ? { status: 503, headers: { 'retry-after': '3' } } : undefined;
    },
  });
  await expect.poll(on.delivery, { timeout: 5_000 }).toMatchObject({ state: 'pending', tries: 1 });
  await Promise.all(Array.from({ length: 24 }, on.guest));
  await expect.poll(on.count, { timeout: 15_000 }).toMatchObject({ delivered: 25, pending: 0 });
  const [first = 0, second = 0] = askedAt;
  expect(second - first).toBeGreaterThan(2_900);
  expect(askedAt).toHaveLength(26);
  expect(problems).toEqual([]);
}, 40_000);
