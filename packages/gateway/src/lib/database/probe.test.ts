import { expect, test } from 'vitest';
import { testDatabase } from '../testing/postgres.ts';
import { probeDatabase } from './probe.ts';

test('a database tells its version and how far it was brought', async () => {
  await using database = await testDatabase();
  expect(await probeDatabase(database.url, 5_000)).toEqual({
    version: expect.stringMatching(/^\d+\.\d+/),
    lastMigration: expect.stringMatching(/^\d{3}-.*\.sql$/),
  });
});

test('a database that no gateway has used yet is left as it is', async () => {
  await using database = await testDatabase({ migrated: false });
  expect(await probeDatabase(database.url, 5_000)).toMatchObject({ lastMigration: null });
  expect(await database.query("select to_regnamespace('guestpass') as there")).toEqual([{ there: null }]);
});

test('a database that is not there is unavailable, and its address is not told', async () => {
  await expect(probeDatabase('postgres://me:hunter2@127.0.0.1:1/none', 5_000)).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.not.stringContaining('hunter2'),
  });
});
