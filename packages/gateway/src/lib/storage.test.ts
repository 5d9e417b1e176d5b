import { systemClock } from 'guestpass';
import { expect, test } from 'vitest';
import { openStorage } from './storage.ts';
import { testDatabase } from './testing/postgres.ts';

const means = { clock: systemClock, onProblem: (problem: unknown) => expect.unreachable(String(problem)) };

test('a database of the operator gets every table, and is told of without its password', async () => {
  await using empty = await testDatabase({ migrated: false });
  const { hostname, port, pathname, password } = new URL(empty.url);
  {
    await using storage = await openStorage({ url: empty.url }, means);
    expect(storage.place).toBe(`${hostname}:${port}${pathname}`);
    expect(storage.place).not.toContain(password);
  }
  // Opened again, it finds its tables there.
  await using again = await openStorage({ url: empty.url }, means);
  expect(again.url).toBe(empty.url);
  expect(await empty.query('select sequence from guestpass.audit_head')).toEqual([{ sequence: expect.anything() }]);
});

test('a database that cannot be migrated is closed again, and its password not told', async () => {
  await using empty = await testDatabase({ migrated: false });
  const readOnly = new URL(empty.url);
  readOnly.searchParams.set('options', '-c default_transaction_read_only=on');
  const error = await openStorage({ url: readOnly.href }, means).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).not.toContain(readOnly.password);
  const connections = 'select count(*)::int as others from pg_stat_activity where datname = current_database()';
  // Whoever asks is connected.
  await expect.poll(() => empty.query(connections)).toEqual([{ others: 1 }]);
});
