import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await database.query(`insert into guestpass.webhook_endpoints (id, url, sealed_secret, created_at, updated_at)
    values ('ep_1', 'https://idp.example/hook', '', now(), now())`);
});

afterAll(() => database[Symbol.asyncDispose]());

/** Whether the tables take a row with this in it. */
const takes = (statement: string, value: string) =>
  database.query(statement, [value]).then(
    () => true,
    (error: { readonly constraint?: string }) => error.constraint,
  );

const letters = (count: number) => 'aZ_-9'.repeat(20).slice(0, count);

test('an id is a prefix and up to 60 letters, digits, underscores and hyphens, whoever writes it', async () => {
  const attempt = `insert into guestpass.attempts (id, status, owner, lease_until, started_at)
    values ($1, 'intent', 'gateway-1', now(), now())`;
  expect(await takes(attempt, `att_${letters(60)}`)).toBe(true);
  for (const id of [`att_${letters(61)}`, 'att_', 'dlv_1', 'att_a b', 'att_a\n', 'att_é', ' att_1']) {
    expect(await takes(attempt, id)).toBe('attempts_id_check');
  }
  const delivery = `insert into guestpass.deliveries (id, event_id, event_type, endpoint_id, state, created_at)
    values ($1, md5($1), 'guest.erased', 'ep_1', 'held', now())`;
  expect(await takes(delivery, `dlv_${letters(60)}`)).toBe(true);
  for (const id of [`dlv_${letters(61)}`, 'dlv_', 'att_1', 'dlv_a.b']) {
    expect(await takes(delivery, id)).toBe('deliveries_id_check');
  }
});

test('an event id has nothing in it that would shift the fields of a signature', async () => {
  const delivery = `insert into guestpass.deliveries (id, event_id, event_type, endpoint_id, state, created_at)
    values ('dlv_' || gen_random_uuid(), $1, 'guest.erased', 'ep_1', 'held', now())`;
  expect(await takes(delivery, letters(64))).toBe(true);
  for (const id of [letters(65), '', 'evt.1', 'evt 1', 'evt_1\n']) {
    expect(await takes(delivery, id)).toBe('deliveries_event_id_check');
  }
});

test('a hash of the log is 64 hexadecimal digits', async () => {
  const record = `insert into guestpass.audit_records (sequence, event_type, recorded_at, line, previous_hash, hash)
    values (1, 'X', now(), '{}', repeat('0', 64), $1)`;
  for (const hash of ['a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(63)}g`, `${'a'.repeat(63)}\n`]) {
    expect(await takes(record, hash)).toBe('audit_records_hash_check');
  }
  expect(await takes(record, 'a'.repeat(64))).toBe(true);
});

test('there is no table that nothing asks', async () => {
  const sources = fileURLToPath(new URL('../', import.meta.url));
  const names = await readdir(sources, { recursive: true });
  const ours = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const text = (await Promise.all(ours.map((name) => readFile(`${sources}/${name}`, 'utf8')))).join('\n');
  const tables = await database.query(`select relname as name from pg_class
    where relkind = 'r' and relnamespace = 'guestpass'::regnamespace order by 1`);
  expect(tables.filter(({ name }) => !new RegExp(`guestpass\\.${name}\\b`).test(text))).toEqual([]);
});
