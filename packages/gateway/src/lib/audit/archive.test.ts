import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CheckpointKey,
  generateCheckpointKey,
  readAuditLines,
  verifyAuditLog,
  verifyExport,
} from 'guestpass/audit';
import { manualClock } from 'guestpass/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createArchiveStore } from '../store/archives.ts';
import { type AttemptStore, createAttemptStore } from '../store/attempts.ts';
import { type AuditStore, createAuditStore } from '../store/audit.ts';
import { createHoldStore } from '../store/holds.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { archiveDue } from './archive.ts';

const key = generateCheckpointKey();
const day = 86_400_000;
const clock = manualClock(noon + 100 * day);

let database: TestDatabase;
let directory: string;
let attempts: AttemptStore;
let audit: AuditStore;

beforeEach(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), 'guestpass-archive-'));
  attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  audit = createAuditStore(database, masterKey);
});

afterEach(async () => {
  await attempts[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Two records. */
async function guest(nowMs: number): Promise<string> {
  const attemptId = newAttemptId();
  await attempts.recordIntent({ attemptId, payload, nowMs });
  await attempts.recordOutcome(admitted(attemptId), nowMs);
  return attemptId;
}

/** Six old records and two young ones. */
async function scene(): Promise<readonly string[]> {
  const ids = [await guest(noon), await guest(noon), await guest(noon + day)];
  await guest(noon + 99 * day);
  return ids;
}

const archive = (change: { readonly limit?: number; readonly key?: CheckpointKey } = {}) =>
  archiveDue({
    audit,
    archives: createArchiveStore(database),
    origin: 'log-1',
    key,
    directory: join(directory, 'archive'),
    ageMs: 50 * day,
    clock,
    tool: 'test 1',
    ...change,
  });

const files = async () => (await readdir(join(directory, 'archive'))).toSorted();
const sequences = () => Array.fromAsync(audit.read(), ({ sequence }) => sequence);

async function checked(name: string) {
  const path = join(directory, 'archive', name);
  return await verifyExport(path, await readFile(`${path}.manifest.json`, 'utf8'), { publicKeys: [key] });
}

test('records whose time is up move to a signed archive, and the rest is whole from where it begins', async () => {
  await scene();
  const whole = await Array.fromAsync(audit.read(), ({ line }) => line);
  const head = await audit.head();
  await archive();
  expect(await files()).toEqual([
    'audit-000000000001-000000000006.jsonl',
    'audit-000000000001-000000000006.jsonl.manifest.json',
  ]);
  expect((await stat(join(directory, 'archive', 'audit-000000000001-000000000006.jsonl'))).mode & 0o777).toBe(0o600);
  const found = await checked('audit-000000000001-000000000006.jsonl');
  expect(found).toMatchObject({ ok: true, signed: true, records: { records: 6, after: { sequence: 0 } } });

  expect(await database.query('select min(sequence)::int from guestpass.audit_records')).toEqual([{ min: 7 }]);
  const after = { sequence: 6, hash: JSON.parse(whole[5] ?? '').hash };
  expect(await audit.beginning()).toMatchObject({ ...after, checkpoint: { ...after, origin: 'log-1', kid: key.kid } });
  expect(await audit.verify({ expectedHead: head, publicKeys: [key] })).toMatchObject({ ok: true, records: 3, after });
  const [event] = await audit.page({ limit: 1 });
  expect(JSON.parse(event?.line ?? '')).toMatchObject({
    eventType: 'WEBMESSAGING_RETENTION_RECORDS_ARCHIVED',
    from: 1,
    to: 6,
    lastHash: after.hash,
    file: 'audit-000000000001-000000000006.jsonl',
    sha256: found.ok && 'manifest' in found ? found.manifest.sha256 : '',
  });
  const archived = await Array.fromAsync(
    readAuditLines(join(directory, 'archive', 'audit-000000000001-000000000006.jsonl')),
  );
  const rest = await Array.fromAsync(audit.read(), ({ line }) => line);
  expect(await verifyAuditLog([...archived, ...rest])).toMatchObject({ ok: true, records: 9 });
});

test('several archives follow each other, each vouched for by a checkpoint that names the one before', async () => {
  await scene();
  await archive({ limit: 4 });
  expect((await files()).filter((name) => name.endsWith('.jsonl'))).toEqual([
    'audit-000000000001-000000000004.jsonl',
    'audit-000000000005-000000000006.jsonl',
  ]);
  expect(await checked('audit-000000000005-000000000006.jsonl')).toMatchObject({
    ok: true,
    manifest: { from: 5, genesis: { sequence: 4 } },
  });
  const rows = await database.query('select checkpoint from guestpass.audit_archives order by sequence');
  const [first, second] = rows.map(({ checkpoint }) => JSON.parse(String(checkpoint)));
  expect(first.previous).toBe('0'.repeat(64));
  expect(second.previous).not.toBe(first.previous);
  expect(await sequences()).toEqual([7, 8, 9, 10]);
});

test('nothing is archived before its time, nor from the first record of a guest on hold on', async () => {
  const ids = await scene();
  const holds = createHoldStore(database);
  await holds.place({ attemptIds: [ids[1] ?? ''], matter: 'case 7', reason: 'Requested.', nowMs: noon });
  await archive();
  expect(await sequences()).toEqual([3, 4, 5, 6, 7, 8, 9]);
  await archive();
  expect(await sequences()).toEqual([3, 4, 5, 6, 7, 8, 9]);
  await holds.lift([ids[1] ?? ''], 'case 7');
  await archive();
  expect(await sequences()).toEqual([7, 8, 9, 10]);
});

test('an archive that cannot be written leaves the log as it is', async () => {
  await scene();
  const before = await sequences();
  const broken = { ...audit, read: () => audit.read({ to: 3 }) };
  const archiving = archiveDue({
    audit: broken,
    archives: createArchiveStore(database),
    origin: 'log-1',
    key,
    directory,
    ageMs: 50 * day,
    clock,
    tool: 'test 1',
  });
  await expect(archiving).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await sequences()).toEqual(before);
  expect(await audit.beginning()).toMatchObject({ sequence: 0, checkpoint: null });
});

test('records that a crash left behind their archive are no part of the log, and go with the next run', async () => {
  await scene();
  const archives = createArchiveStore(database);
  let calls = 0;
  const removeArchived = async () => {
    calls += 1;
    if (calls > 1) throw new Error('killed');
    return 0;
  };
  const options = { audit, origin: 'log-1', key, directory, ageMs: 50 * day, clock, tool: 'test 1' };
  await expect(archiveDue({ ...options, archives: { ...archives, removeArchived } })).rejects.toThrow('killed');
  expect(await database.query('select count(*)::int from guestpass.audit_records')).toEqual([{ count: 9 }]);
  expect(await sequences()).toEqual([7, 8, 9]);
  expect(await audit.verify()).toMatchObject({ ok: true, records: 3 });
  await archive();
  expect(await database.query('select count(*)::int from guestpass.audit_records')).toEqual([{ count: 3 }]);
});

test('what a crash left in the directory is set aside when the next archive reaches further', async () => {
  await scene();
  const archives = createArchiveStore(database);
  const dies: typeof archives.archive = (step) =>
    archives.archive({
      ...step,
      async write(part) {
        await step.write(part);
        throw new Error('killed');
      },
    });
  const options = { audit, origin: 'log-1', key, directory: join(directory, 'archive'), clock, tool: 'test 1' };
  const archiving = archiveDue({ ...options, archives: { ...archives, archive: dies }, ageMs: 99.5 * day });
  await expect(archiving).rejects.toThrow('killed');
  expect(await files()).toContain('audit-000000000001-000000000004.jsonl');
  await archive();
  expect(await files()).toEqual([
    'audit-000000000001-000000000004.jsonl.left',
    'audit-000000000001-000000000004.jsonl.manifest.json.left',
    'audit-000000000001-000000000006.jsonl',
    'audit-000000000001-000000000006.jsonl.manifest.json',
  ]);
});

test('records of a guest who is put on hold while they are written stay in the log', async () => {
  const [attemptId = ''] = await scene();
  const archives = createArchiveStore(database);
  const held: typeof archives.archive = (step) =>
    archives.archive({
      ...step,
      async write(part) {
        await createHoldStore(database).place({ attemptIds: [attemptId], matter: 'm', reason: 'r', nowMs: noon });
        return await step.write(part);
      },
    });
  const options = { audit, origin: 'log-1', key, directory, ageMs: 50 * day, clock, tool: 'test 1' };
  await archiveDue({ ...options, archives: { ...archives, archive: held } });
  expect(await audit.beginning()).toMatchObject({ sequence: 0 });
  expect(await sequences()).toHaveLength(8);
});

test('whoever reads records that are archived meanwhile is told so, and finds no hole', async () => {
  await scene();
  const reading = audit.read();
  await reading.next();
  await archive();
  await expect(Array.fromAsync(reading)).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true });
  await expect(Array.fromAsync(audit.read({ from: 6 }))).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await sequences()).toEqual([7, 8, 9]);
});

test('a beginning that was not signed with a known key is found out', async () => {
  await scene();
  await archive({ key: generateCheckpointKey() });
  expect(await audit.verify({ publicKeys: [key] })).toMatchObject({
    ok: false,
    kind: 'checkpoint',
    sequence: 6,
    detail: expect.stringContaining('which was not given'),
  });
});

test('a beginning without a checkpoint of its record is found out, with keys or without', async () => {
  await scene();
  await createArchiveStore(database).archive({
    beforeMs: noon,
    nowMs: noon,
    limit: 3,
    write: async () => ({ checkpoint: '{}', manifest: '{}', file: 'f', sha256: 'x' }),
  });
  const detail = expect.stringContaining('is not one of that record');
  expect(await audit.verify()).toMatchObject({ ok: false, kind: 'checkpoint', sequence: 3, detail });
});

test('the database lets nothing go but the oldest records, and no further than the last archive', async () => {
  await scene();
  await createArchiveStore(database).archive({
    beforeMs: noon,
    nowMs: noon,
    limit: 3,
    write: async () => ({ checkpoint: '{}', manifest: '{}', file: 'f', sha256: 'x' }),
  });
  const refused = { message: expect.stringMatching(/takes new rows only|not where the log may begin/) };
  const refuse = (statement: string) => expect(database.query(statement)).rejects.toMatchObject(refused);
  await refuse('delete from guestpass.audit_records where sequence = 2');
  await refuse('delete from guestpass.audit_records where sequence <= 4');
  await refuse('delete from guestpass.audit_records');
  await refuse('truncate guestpass.audit_records');
  await refuse(`update guestpass.audit_records set line = '' where sequence = 1`);
  await refuse(`update guestpass.audit_archives set sequence = 5`);
  await refuse('delete from guestpass.audit_archives');
  const archived = (sequence: number, hash: string) =>
    `insert into guestpass.audit_archives values (${sequence}, ${hash}, '{}', '{}', now())`;
  const hashOf = (sequence: number) => `(select hash from guestpass.audit_records where sequence = ${sequence})`;
  await refuse(archived(5, `repeat('a', 64)`));
  await refuse(archived(3, hashOf(3)));
  await refuse(archived(9, hashOf(9)));
  await refuse(`set session_replication_role = replica; delete from guestpass.audit_records where sequence = 5`);
  await database.query('delete from guestpass.audit_records where sequence <= 2');
  await database.query('delete from guestpass.audit_records where sequence = 3');
  await refuse('delete from guestpass.audit_records where sequence = 4');
});

test('a role that may only read and insert removes what is archived by the one function it is granted', async () => {
  await scene();
  await archive();
  const role = `app_${process.pid}`;
  await database.query(`create role ${role}`);
  try {
    await database.query(`grant usage on schema guestpass to ${role};
      grant select, insert on all tables in schema guestpass to ${role}`);
    const as = (statement: string) => database.query(`set role ${role}; ${statement}`);
    await expect(as('delete from guestpass.audit_records')).rejects.toMatchObject({ code: '42501' });
    await expect(as('select guestpass.remove_archived_records(9)')).rejects.toMatchObject({ code: '42501' });
    await database.query(`grant execute on function guestpass.remove_archived_records(integer) to ${role}`);
    await as('select guestpass.remove_archived_records(9)');
    expect(await audit.verify()).toMatchObject({ ok: true, after: { sequence: 6 } });
  } finally {
    await database.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('gateways of a fleet that look at once archive each record once', async () => {
  await scene();
  await Promise.all([archive({ limit: 2 }), archive({ limit: 2 })]);
  await archive({ limit: 2 });
  const ends = await database.query('select sequence::int from guestpass.audit_archives order by sequence');
  expect(ends).toEqual([{ sequence: 2 }, { sequence: 4 }, { sequence: 6 }]);
  expect(await audit.verify({ publicKeys: [key] })).toMatchObject({ ok: true });
});
