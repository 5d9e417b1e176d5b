import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCheckpointKey } from 'guestpass/audit';
import { manualClock } from 'guestpass/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AttemptStore, createAttemptStore } from '../store/attempts.ts';
import { type AuditStore, createAuditStore } from '../store/audit.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { keepRecords, type RecordsOptions } from './records.ts';

const hour = 3_600_000;
const key = generateCheckpointKey();

let database: TestDatabase;
let directory: string;
let attempts: AttemptStore;
let audit: AuditStore;

beforeEach(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), 'guestpass-records-'));
  attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  audit = createAuditStore(database, masterKey);
});

afterEach(async () => {
  await attempts[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function guest(): Promise<string> {
  const attemptId = newAttemptId();
  await attempts.recordIntent({ attemptId, payload, nowMs: noon });
  await attempts.recordOutcome(admitted(attemptId), noon);
  return attemptId;
}

function keeping(change: Partial<RecordsOptions> = {}) {
  const clock = manualClock(noon);
  const problems: unknown[] = [];
  const keeper = keepRecords({
    database,
    audit,
    origin: 'log-1',
    key,
    checkpoint: () => undefined,
    clock,
    tool: 'test 1',
    onProblem: (problem) => problems.push(problem),
    ...change,
  });
  return { clock, problems, [Symbol.asyncDispose]: () => keeper[Symbol.asyncDispose]() };
}

const eventTypes = () => Array.fromAsync(audit.read(), ({ event_type }) => event_type);

test('what is personal goes first, then the rest of the attempt, then its records', async () => {
  const attemptId = await guest();
  const terms = { personalDataMs: hour, recordsMs: 2 * hour, archiveDirectory: join(directory, 'archive') };
  await using place = keeping(terms);
  await place.clock.advance(hour);
  await expect.poll(async () => (await attempts.get(attemptId))?.guest_id).toBeNull();
  await expect.poll(() => place.clock.pending).toBe(1);
  await place.clock.advance(hour);
  await expect.poll(() => place.clock.pending).toBe(1);
  expect(await attempts.get(attemptId)).toBeUndefined();
  expect(await audit.beginning()).toMatchObject({ sequence: 2 });
  expect(await readdir(join(directory, 'archive'))).toHaveLength(2);
  expect(await eventTypes()).toEqual([
    'WEBMESSAGING_RETENTION_PERSONAL_DATA_ERASED',
    'WEBMESSAGING_RETENTION_ATTEMPTS_DELETED',
    'WEBMESSAGING_RETENTION_RECORDS_ARCHIVED',
  ]);
  expect(await audit.verify({ publicKeys: [key] })).toMatchObject({ ok: true });
  expect(place.problems).toEqual([]);
});

test('without an archive records stay, and without a span everything does', async () => {
  const attemptId = await guest();
  {
    await using place = keeping({ recordsMs: hour });
    await place.clock.advance(hour);
    await expect.poll(() => attempts.get(attemptId)).toBeUndefined();
  }
  const kept = await guest();
  await using place = keeping({ archiveDirectory: directory });
  await place.clock.advance(1_000 * hour);
  await expect.poll(() => place.clock.pending).toBe(1);
  expect(await attempts.get(kept)).toMatchObject({ guest_id: `guest-of-${kept}` });
  expect(await audit.verify()).toMatchObject({ ok: true, after: { sequence: 0 } });
  expect(await readdir(directory)).toEqual([]);
});

test('the end comes behind the step under way, and the next start goes on', async () => {
  const ids = await Promise.all(Array.from({ length: 450 }, guest));
  const left = async () => {
    const rows = await database.query('select count(*)::int from guestpass.attempts where forgotten_at is null');
    return rows[0]?.count;
  };
  {
    await using place = keeping({ personalDataMs: hour });
    await place.clock.advance(hour);
    await expect.poll(left).toBeLessThan(ids.length);
  }
  await using place = keeping({ personalDataMs: hour });
  await place.clock.advance(hour);
  await expect.poll(left).toBe(0);
  await expect.poll(() => place.clock.pending).toBe(1);
  expect(await audit.verify()).toMatchObject({ ok: true });
});

test('a run that fails is told, and the next one does its work', async () => {
  const attemptId = await guest();
  await using place = keeping({ personalDataMs: hour });
  await database.query('alter table guestpass.attempts rename column detail to gone');
  await place.clock.advance(hour);
  await expect.poll(() => place.problems).toHaveLength(1);
  await database.query('alter table guestpass.attempts rename column gone to detail');
  await place.clock.advance(hour);
  await expect.poll(async () => (await attempts.get(attemptId))?.guest_id).toBeNull();
});
