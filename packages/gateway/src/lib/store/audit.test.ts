import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admitted, failed, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createAttemptStore } from './attempts.ts';
import { createAuditStore } from './audit.ts';

let database: TestDatabase;
const ids = Array.from({ length: 4 }, newAttemptId);

beforeAll(async () => {
  database = await testDatabase();
  await using store = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  for (const [index, attemptId] of ids.entries()) {
    await store.recordIntent({ attemptId, payload, nowMs: noon });
    await store.recordOutcome(index === 1 ? failed(attemptId) : admitted(attemptId), noon + index);
  }
  await store.recordEvent(
    { eventType: 'OPERATOR_DELIVERY_REPLAYED', deliveries: 3, timestamp: new Date(noon).toISOString() },
    noon,
  );
});

afterAll(() => database[Symbol.asyncDispose]());

/** A copy whose rules are off, as whoever owns the database can switch them off. */
async function tampered(change: string): Promise<TestDatabase> {
  const copy = await testDatabase();
  const rows = await database.query('select row_to_json(r) as row from guestpass.audit_records r order by sequence');
  await copy.query(
    'insert into guestpass.audit_records select * from json_populate_recordset(null::guestpass.audit_records, $1)',
    [JSON.stringify(rows.map(({ row }) => row))],
  );
  const [head] = await database.query('select sequence, hash from guestpass.audit_head');
  await copy.query('update guestpass.audit_head set sequence = $1, hash = $2', [head?.sequence, head?.hash]);
  await copy.query('alter table guestpass.audit_records disable trigger all');
  await copy.query(change);
  return copy;
}

test('a log as it was written is found whole', async () => {
  const audit = createAuditStore(database, masterKey);
  const head = await audit.head();
  expect(head.sequence).toBe(9);
  expect(await audit.verify()).toMatchObject({ ok: true, records: 9, head });
  expect(await audit.verify({ expectedHead: head })).toMatchObject({ ok: true });
});

test.each([
  ['edited', `update guestpass.audit_records set line = replace(line, 'channel-1', 'channel-2') where sequence = 3`, 3],
  ['missing', 'delete from guestpass.audit_records where sequence = 4', 4],
  ['truncated', 'delete from guestpass.audit_records where sequence > 7', 8],
])('a log with a record %s is found out, and the record named', async (kind, change, sequence) => {
  await using copy = await tampered(change);
  expect(await createAuditStore(copy, masterKey).verify()).toMatchObject({ ok: false, kind, sequence });
});

test('records cannot be changed, deleted or truncated, nor the head removed', async () => {
  const refused = { message: expect.stringMatching(/takes new rows only|head of the audit log stays/) };
  await expect(database.query(`update guestpass.audit_records set line = ''`)).rejects.toMatchObject(refused);
  await expect(database.query('delete from guestpass.audit_records where sequence = 1')).rejects.toMatchObject(refused);
  await expect(database.query('truncate guestpass.audit_records')).rejects.toMatchObject(refused);
  await expect(database.query('delete from guestpass.audit_head')).rejects.toMatchObject(refused);
  const replica = `set session_replication_role = replica; delete from guestpass.audit_records`;
  await expect(database.query(replica)).rejects.toMatchObject(refused);
});

test('records are paged newest first, by type and by attempt, with the guest id opened', async () => {
  const audit = createAuditStore(database, masterKey);
  const page = await audit.page({ limit: 4 });
  expect(page.map(({ sequence }) => sequence)).toEqual([9, 8, 7, 6]);
  expect((await audit.page({ limit: 4, after: 6 })).map(({ sequence }) => sequence)).toEqual([5, 4, 3, 2]);
  const [record] = await audit.page({
    limit: 9,
    eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
    attemptId: ids[0] ?? '',
  });
  expect(record).toMatchObject({ attempt_id: ids[0], opened: { guestId: `guest-of-${ids[0]}` } });
  expect(record?.line).not.toContain(`guest-of-${ids[0]}`);
  expect(page[0]).toMatchObject({ event_type: 'OPERATOR_DELIVERY_REPLAYED', attempt_id: null, opened: null });
});

test('a range is read in order, over more records than are fetched at once', async () => {
  await using fresh = await testDatabase();
  await using store = createAttemptStore({ database: fresh, masterKey: randomBytes(32), owner: 'gateway-1' });
  const event = { eventType: 'OPERATOR_TEST', timestamp: new Date(noon).toISOString() };
  await Promise.all(Array.from({ length: 2_345 }, () => store.recordEvent(event, noon)));
  const audit = createAuditStore(fresh, masterKey);
  const sequences = await Array.fromAsync(audit.read({ from: 3, to: 2_344 }), ({ sequence }) => sequence);
  expect(sequences).toEqual(Array.from({ length: 2_342 }, (_, index) => index + 3));
  expect(await audit.verify()).toMatchObject({ ok: true, records: 2_345 });
});
