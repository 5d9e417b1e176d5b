import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { connectDatabase, type Work } from './connect.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase({ migrated: false });
  await database.query('create table notes (it int primary key)');
});

afterAll(() => database[Symbol.asyncDispose]());

const insert = (work: Work, it: number) => sql`insert into notes values (${it})`.execute(work);

test('a transaction is kept whole, or not at all when its work fails', async () => {
  const fault = new Error('stop');
  await expect(
    database.transaction(async (work) => {
      await insert(work, 1);
      throw fault;
    }),
  ).rejects.toBe(fault);
  expect(await database.query('select * from notes where it = 1')).toEqual([]);
  await database.transaction((work) => insert(work, 1));
  expect(await database.query('select * from notes where it = 1')).toEqual([{ it: 1 }]);
});

test('a fault of the statement comes as it is', async () => {
  await database.transaction((work) => insert(work, 2));
  await expect(database.transaction((work) => insert(work, 2))).rejects.toMatchObject({ code: '23505' });
});

test('two transactions that wait for each other both end well', async () => {
  await database.query('insert into notes values (10), (11)');
  let runs = 0;
  const held = { 10: Promise.withResolvers<void>(), 11: Promise.withResolvers<void>() };
  const touch = (first: 10 | 11, second: 10 | 11) =>
    database.transaction(async (work) => {
      runs += 1;
      await sql`select from notes where it = ${first} for update`.execute(work);
      held[first].resolve();
      await held[second].promise;
      await sql`select from notes where it = ${second} for update`.execute(work);
    });
  await Promise.all([touch(10, 11), touch(11, 10)]);
  // The one that gave way may give way again.
  expect(runs).toBeGreaterThanOrEqual(3);
});

test('a conflict that does not end is told after three more tries', async () => {
  let runs = 0;
  const conflict = database.transaction(async (work) => {
    runs += 1;
    await sql`do $$ begin raise exception 'no luck' using errcode = '40001'; end $$`.execute(work);
  });
  await expect(conflict).rejects.toMatchObject({ code: '40001' });
  expect(runs).toBe(4);
});

test('a connection cut in the middle is storage_unavailable, and the next use has a sound one', async () => {
  const cut = database.transaction((work) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(work));
  await expect(cut).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true });
  await database.transaction((work) => insert(work, 20));
});

test('a connection cut between two statements of a transaction is storage_unavailable', async () => {
  const cut = database.transaction(async (work) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(work);
    await database.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
    await insert(work, 21);
  });
  await expect(cut).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await database.query('select * from notes where it = 21')).toEqual([]);
});

test('a statement that takes too long is storage_unavailable', async () => {
  await using hurried = connectDatabase({ url: database.url, statementTimeoutMs: 50 });
  const slow = hurried.run((session) => sql`select pg_sleep(5)`.execute(session));
  await expect(slow).rejects.toMatchObject({ code: 'storage_unavailable' });
});

test('a database that takes no writes is storage_unavailable', async () => {
  const address = new URL(database.url);
  address.searchParams.set('options', '-c default_transaction_read_only=on');
  await using standby = connectDatabase({ url: address.href });
  await expect(standby.transaction((work) => insert(work, 30))).rejects.toMatchObject({
    code: 'storage_unavailable',
    detail: expect.stringContaining('25006'),
  });
});

test('a server that is not there is storage_unavailable, and the address stays out of the message', async () => {
  await using nowhere = connectDatabase({ url: 'postgres://guestpass:hidden@127.0.0.1:1/guestpass' });
  const error: unknown = await nowhere.run((session) => sql`select 1`.execute(session)).catch((cause) => cause);
  expect(error).toMatchObject({ code: 'storage_unavailable' });
  expect(String(error)).not.toContain('hidden');
});

test('a refused login says what to check', async () => {
  const address = new URL(database.url);
  address.password = 'wrong';
  await using stranger = connectDatabase({ url: address.href });
  await expect(stranger.run((session) => sql`select 1`.execute(session))).rejects.toMatchObject({
    code: 'storage_unavailable',
    retryable: false,
    remedy: expect.stringContaining('GUESTPASS_DATABASE_URL'),
  });
});

test('each new connection logs in as the address says by then', async () => {
  const address = new URL(database.url);
  const { username, password } = address;
  address.password = 'wrong';
  await using changing = connectDatabase({ url: () => address.href, maxConnections: 1 });
  const ask = () => changing.run((session) => sql`select 1`.execute(session));
  await expect(ask()).rejects.toMatchObject({ code: 'storage_unavailable' });
  address.password = password;
  await ask();
  // A connection that stands is not asked for its password again.
  address.password = 'wrong again';
  await ask();
  expect(address.username).toBe(username);
});
