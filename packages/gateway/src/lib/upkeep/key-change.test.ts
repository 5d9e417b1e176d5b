import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { createAuditStore } from '../store/audit.ts';
import { masterKey, noon } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { recordKeyChange } from './key-change.ts';

test('a change of keys is on record once, and again when the keys change back and forth', async () => {
  await using database = await testDatabase();
  await using attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  const audit = createAuditStore(database, masterKey);
  const clock = manualClock(noon);
  const record = (from: string, to: string, sequence: number) =>
    recordKeyChange({ attempts, audit }, clock, { from, to, sequence });
  await record('a', 'b', 0);
  await record('a', 'b', 0);
  await record('b', 'a', 1);
  await record('a', 'b', 2);
  await record('a', 'b', 2);
  const told = await Array.fromAsync(audit.read(), ({ line }): unknown => JSON.parse(line));
  const eventType = 'WEBMESSAGING_AUDIT_KEY_CHANGED';
  expect(told).toMatchObject([
    { eventType, from: 'a', to: 'b' },
    { eventType, from: 'b', to: 'a' },
    { eventType, from: 'a', to: 'b' },
  ]);
});
