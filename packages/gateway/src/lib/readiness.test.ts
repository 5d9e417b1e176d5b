import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReadiness } from './readiness.ts';
import { createDeliveryStore } from './store/deliveries.ts';
import { noon } from './testing/guests.ts';
import { type TestDatabase, testDatabase } from './testing/postgres.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

function readinessOf(isDraining = () => false) {
  const deliveries = createDeliveryStore(database, async () => {});
  return createReadiness({ database, deliveries, clock: manualClock(noon), isDraining });
}

test('a gateway is ready while its database takes writes', async () => {
  expect(await readinessOf()()).toEqual([
    { name: 'draining', ok: true },
    { name: 'database', ok: true },
    { name: 'webhooks', ok: true },
  ]);
});

test('a gateway that shuts down is not ready', async () => {
  expect(await readinessOf(() => true)()).toContainEqual(expect.objectContaining({ name: 'draining', ok: false }));
});

test('a database that answers and takes no writes makes a gateway unready', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`alter database ${name} set default_transaction_read_only = on`);
  await database.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = $1',
    [name],
  );
  const checks = await readinessOf()();
  expect(checks).toContainEqual(expect.objectContaining({ name: 'database', ok: false }));
});
