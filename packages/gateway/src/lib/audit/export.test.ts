import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCheckpointKey, noCheckpoint, signCheckpoint, verifyExport } from 'guestpass/audit';
import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAttemptStore } from '../store/attempts.ts';
import { type AuditStore, createAuditStore } from '../store/audit.ts';
import { admitted, failed, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { type AuditExportOptions, exportAudit } from './export.ts';

const key = generateCheckpointKey();
let database: TestDatabase;
let audit: AuditStore;

/** 2 records of a guest, 2 of one whose channel is a formula, and 2,500 of operators. */
beforeAll(async () => {
  database = await testDatabase();
  await using store = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  const [first, second] = [newAttemptId(), newAttemptId()];
  const channelId = '=HYPERLINK("http://x","y")';
  await store.recordIntent({ attemptId: first, payload, nowMs: noon });
  await store.recordOutcome(admitted(first), noon);
  await store.recordIntent({ attemptId: second, payload: { ...payload, channelId }, nowMs: noon });
  await store.recordOutcome({ ...failed(second), channelId }, noon);
  const event = { eventType: 'OPERATOR_TEST', note: 'x'.repeat(200), timestamp: new Date(noon).toISOString() };
  await Promise.all(Array.from({ length: 2_500 }, () => store.recordEvent(event, noon)));
  audit = createAuditStore(database, masterKey);
});

afterAll(() => database[Symbol.asyncDispose]());

function open(change: Partial<AuditExportOptions> = {}) {
  return exportAudit({ format: 'jsonl', audit, clock: manualClock(noon), tool: 'test 1', ...change });
}

/** Takes an export to its end, and checks it as its receiver would. */
async function received(change: Partial<AuditExportOptions> = {}) {
  const { pieces, manifest } = await open(change);
  const bytes = Buffer.concat(await Array.fromAsync(pieces));
  const folder = await mkdtemp(join(tmpdir(), 'guestpass-export-'));
  try {
    await writeFile(join(folder, 'export'), bytes);
    const text = JSON.stringify(manifest());
    const publicKeys = manifest().kid === undefined ? {} : { publicKeys: [key] };
    const result = await verifyExport(join(folder, 'export'), text, publicKeys);
    return { text: bytes.toString(), manifest: manifest(), result };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the whole log goes out as it was hashed, with a manifest that proves it', async () => {
  const head = await audit.head();
  const { text, manifest, result } = await received();
  expect(text.split('\n')).toHaveLength(2_505);
  expect(manifest).toMatchObject({
    format: 'jsonl',
    from: 1,
    to: 2_504,
    count: 2_504,
    previousHash: '0'.repeat(64),
    lastHash: head.hash,
    head,
    checkpoint: null,
    generatedAt: new Date(noon).toISOString(),
    tool: 'test 1',
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  });
  expect(result).toMatchObject({ ok: true, signed: false, records: { records: 2_504, head } });
});

test('a part of the log can be checked by itself, with the checkpoint and the signature', async () => {
  const head = await audit.head();
  const timestamp = new Date(noon).toISOString();
  const { checkpoint } = signCheckpoint({ origin: 'log-1', ...head, timestamp, previous: noCheckpoint }, key);
  const { manifest, result } = await received({ from: 3, to: 1_200, key, checkpoint });
  expect(manifest).toMatchObject({ from: 3, to: 1_200, count: 1_198, head, checkpoint, kid: key.kid });
  expect(result).toMatchObject({ ok: true, signed: true, records: { records: 1_198 } });
});

test('what is asked for beyond the log is left out', async () => {
  expect((await received({ from: 2_500, to: 9_999 })).manifest).toMatchObject({ to: 2_504, count: 5 });
  const beyond = await received({ from: 9_000, to: 9_999 });
  expect(beyond.manifest).toMatchObject({ count: 0, bytes: 0, firstHash: null, lastHash: null });
  expect(beyond.result).toMatchObject({ ok: true });
});

test('a table holds the same records, and no formula', async () => {
  const { text, manifest, result } = await received({ format: 'csv', from: 1, to: 5 });
  const [header, ...rows] = text.trimEnd().split('\r\n');
  expect(header).toMatch(/^sequence,eventType,timestamp,attemptId,/);
  expect(rows).toHaveLength(5);
  expect(rows[3]).toContain(`,"'=HYPERLINK(""http://x"",""y"")",`);
  expect(text).not.toMatch(/(^|,)"?[=+@]/m);
  expect(manifest).toMatchObject({ format: 'csv', count: 5, bytes: Buffer.byteLength(text) });
  expect(result).toMatchObject({ ok: true, records: null });
});

test('records are read as they are taken, not before', async () => {
  let read = 0;
  const counted: AuditExportOptions['audit'] = {
    head: audit.head,
    beginning: audit.beginning,
    readOpened: audit.readOpened,
    async *read(range) {
      for await (const record of audit.read(range)) {
        read += 1;
        yield record;
      }
    },
  };
  const { pieces, manifest } = await open({ audit: counted });
  expect(read).toBe(0);
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    // A piece is let go when its last record makes it long enough.
    expect(piece.length).toBeLessThan(2 * 64 * 1024);
    if (read > 300) break;
  }
  expect(read).toBeLessThan(700);
  expect(bytes).toBeGreaterThan(64 * 1024);
  expect(manifest).toThrow('no manifest before');
});

test('an export of a broken log tells what is there, and is found out', async () => {
  const broken: AuditExportOptions['audit'] = {
    head: audit.head,
    beginning: audit.beginning,
    readOpened: audit.readOpened,
    async *read(range) {
      for await (const record of audit.read(range)) if (record.sequence !== 7) yield record;
    },
  };
  const { manifest, result } = await received({ audit: broken, to: 20 });
  expect(manifest.count).toBe(19);
  expect(result).toMatchObject({ ok: false, kind: 'missing', sequence: 7 });
});
