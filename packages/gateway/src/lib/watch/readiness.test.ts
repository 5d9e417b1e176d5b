import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '../database/connect.ts';
import { openStorage } from '../storage.ts';
import { createAttemptStore } from '../store/attempts.ts';
import { createDeliveryStore } from '../store/deliveries.ts';
import { createEndpointStore } from '../store/endpoints.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import type { Room } from '../upkeep/room.ts';
import { createReadiness } from './readiness.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const plenty = { backlog: () => undefined, disk: () => undefined };

/** Readiness of a gateway that finds its database there. */
function readinessOf(url: string, isDraining = () => false, room: Pick<Room, 'backlog' | 'disk'> = plenty) {
  const connected = connectDatabase({ url, connectTimeoutMs: 1_000 });
  const deliveries = createDeliveryStore({ database: connected, masterKey, announce: async () => {} });
  const check = createReadiness({ database: connected, deliveries, room, clock: manualClock(noon), isDraining });
  return { check, [Symbol.asyncDispose]: () => connected[Symbol.asyncDispose]() };
}

test('a gateway with a database that takes writes is ready', async () => {
  await using ready = readinessOf(database.url);
  expect(await ready.check()).toEqual([
    { name: 'draining', ok: true },
    { name: 'database', ok: true },
    { name: 'webhooks', ok: true },
    { name: 'disk', ok: true },
  ]);
});

test('a gateway that shuts down is not ready', async () => {
  await using draining = readinessOf(database.url, () => true);
  const [first] = await draining.check();
  expect(first).toEqual({ name: 'draining', ok: false, detail: expect.any(String) });
});

test('a database that only reads, or does not answer, makes a gateway unready', async () => {
  const readOnly = new URL(database.url);
  readOnly.searchParams.set('options', '-c default_transaction_read_only=on');
  await using reading = readinessOf(readOnly.href);
  expect(await reading.check()).toMatchObject([
    { ok: true },
    { name: 'database', ok: false },
    { ok: true },
    { ok: true },
  ]);
  const nowhere = new URL(database.url);
  nowhere.port = '1';
  await using lost = readinessOf(nowhere.href);
  const checks = await lost.check();
  expect(checks).toMatchObject([
    { ok: true },
    { name: 'database', ok: false },
    { name: 'webhooks', ok: false },
    { ok: true },
  ]);
  expect(JSON.stringify(checks)).not.toContain(nowhere.password);
});

test('old deliveries are told of and leave the gateway ready', async () => {
  await createEndpointStore(database, masterKey).create({ url: 'https://idp.example', secret: 'whsec_x' }, noon);
  await using attempts = createAttemptStore({ database, masterKey, owner: 'test' });
  const attemptId = newAttemptId();
  await attempts.recordIntent({ attemptId, payload, nowMs: noon - 400_000 });
  await attempts.recordOutcome(admitted(attemptId), noon - 400_000);
  await using ready = readinessOf(database.url);
  expect((await ready.check()).find(({ name }) => name === 'webhooks')).toEqual({
    name: 'webhooks',
    ok: true,
    detail: 'The oldest pending delivery is 400 s old.',
  });
});

test('a full disk makes a gateway unready, and too many deliveries do not', async () => {
  const room = { backlog: () => 'Too many wait.', disk: () => 'The disk of the database is nearly full.' };
  await using ready = readinessOf(database.url, () => false, room);
  const checks = await ready.check();
  expect(checks.at(-2)).toEqual({ name: 'webhooks', ok: true, detail: 'Too many wait.' });
  expect(checks.at(-1)).toEqual({ name: 'disk', ok: false, detail: 'The disk of the database is nearly full.' });
});

test('a gateway whose embedded database ended is not ready until it is started again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-readiness-'));
  await chmod(directory, 0o755);
  try {
    await using storage = await openStorage({ directory }, { clock: systemClock, onProblem: () => {} });
    const deliveries = createDeliveryStore({ database: storage.database, masterKey, announce: async () => {} });
    const isDraining = () => false;
    const check = createReadiness({
      database: storage.database,
      deliveries,
      room: plenty,
      clock: systemClock,
      isDraining,
    });
    const isReady = async () => (await check()).every(({ ok }) => ok);
    expect(await isReady()).toBe(true);

    const [pid] = (await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    while (await isReady());
    while (!(await isReady()));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
