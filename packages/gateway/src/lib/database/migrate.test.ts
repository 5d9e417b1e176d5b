import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { migrate } from './migrate.ts';

let database: TestDatabase;
let directory: string;

beforeAll(async () => {
  database = await testDatabase({ migrated: false });
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.query('drop schema if exists guestpass cascade');
  directory = await mkdtemp(join(tmpdir(), 'guestpass-migrations-'));
  return () => rm(directory, { recursive: true });
});

const run = () => migrate({ url: database.url, directory, nowMs: noon });
const write = (name: string, sql: string) => writeFile(join(directory, name), sql);

test('files are applied once, in the order of their names, and recorded with their time', async () => {
  await write('002-second.sql', 'insert into guestpass.notes values (2);');
  await write('001-first.sql', 'create table guestpass.notes (it int); insert into guestpass.notes values (1);');
  await write('README.md', 'no migration');
  expect(await run()).toEqual(['001-first.sql', '002-second.sql']);
  expect(await run()).toEqual([]);
  expect(await database.query('select it from guestpass.notes order by it')).toEqual([{ it: 1 }, { it: 2 }]);
  expect(await database.query('select name, applied_at from guestpass.migrations order by name limit 1')).toEqual([
    { name: '001-first.sql', applied_at: new Date(noon) },
  ]);
});

test('each file that is shipped has a number of its own, so that their order is no matter of spelling', async () => {
  const names = await readdir(new URL('../../../migrations/', import.meta.url));
  const numbers = names.map((name) => name.slice(0, 3));
  expect(numbers.toSorted()).toEqual([...new Set(numbers)].toSorted());
});

test('a file that fails leaves nothing behind, and the next run goes on from there', async () => {
  await write('001-first.sql', 'create table guestpass.notes (it int);');
  await write('002-second.sql', 'create table guestpass.half (it int); select 1 / 0;');
  await expect(run()).rejects.toMatchObject({ code: '22012' });
  expect(await database.query(`select to_regclass('guestpass.half') as half`)).toEqual([{ half: null }]);

  await write('002-second.sql', 'create table guestpass.half (it int);');
  expect(await run()).toEqual(['002-second.sql']);
});

test('a run whose connection is cut in the middle of a file is resumed by the next one', async () => {
  await write('001-first.sql', 'create table guestpass.notes (it int);');
  await write(
    '002-second.sql',
    'create table guestpass.half (it int); select pg_terminate_backend(pg_backend_pid()); select 1;',
  );
  await expect(run()).rejects.toMatchObject({ code: 'storage_unavailable' });
  await write('002-second.sql', 'create table guestpass.half (it int);');
  expect(await run()).toEqual(['002-second.sql']);
});

test('a file that was changed after it was applied is refused, other line ends are not a change', async () => {
  await write('001-first.sql', 'create table guestpass.notes (it int);\nselect 1;\n');
  await run();
  await write('001-first.sql', 'create table guestpass.notes (it int);\r\nselect 1;\r\n');
  expect(await run()).toEqual([]);
  await write('001-first.sql', 'create table guestpass.notes (it bigint);');
  await expect(run()).rejects.toMatchObject({
    code: 'config_invalid',
    detail: expect.stringContaining('001-first.sql'),
  });
});

test('gateways that start at once apply each file once', async () => {
  await write('001-first.sql', 'create table guestpass.notes (it int);');
  const runs = await Promise.all([run(), run(), run()]);
  expect(runs.flat()).toEqual(['001-first.sql']);
});

test('a file that only a newer version knows is left alone', async () => {
  await write('001-first.sql', 'create table guestpass.notes (it int);');
  await write('002-newer.sql', 'create table guestpass.newer (it int);');
  await run();
  await rm(join(directory, '002-newer.sql'));
  expect(await run()).toEqual([]);
});

test('a server that takes connections and never answers is not waited for without an end', async () => {
  const silent = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const url = `postgres://guestpass@127.0.0.1:${port}/guestpass`;
  await expect(migrate({ url, directory, nowMs: noon, connectTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'storage_unavailable',
  });
  await new Promise((resolve) => silent.close(resolve));
});
