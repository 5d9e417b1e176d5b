import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { genesis } from './chain.ts';
import type { GuestOutcomeEvent, GuestRequestedEvent } from './event.ts';
import { jsonlAuditLog } from './jsonl.ts';
import { readAuditLines } from './log-lines.ts';
import { verifyAuditLog } from './verify.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-audit-'));
  path = join(directory, 'audit.jsonl');
});

afterEach(() => rm(directory, { recursive: true }));

const requested = (attemptId: string): GuestRequestedEvent => ({
  eventType: 'WEBMESSAGING_GUEST_REQUESTED',
  attemptId,
  channelId: 'your-channel-id',
  consentTimestamp: '2024-01-15T10:30:00Z',
  captchaProvider: 'recaptcha',
  timestamp: '2024-01-15T10:30:01.000Z',
});

const admitted = (attemptId: string): GuestOutcomeEvent => ({
  eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
  guestId: `guest of ${attemptId}`,
  channelId: 'your-channel-id',
  consentTimestamp: '2024-01-15T10:30:00Z',
  captchaProvider: 'recaptcha',
  latencyMs: 12.34,
  successRate: 100,
  timestamp: '2024-01-15T10:30:02.000Z',
  attemptId,
  outcome: 'admitted',
  code: null,
  retries: 0,
  stages: { payload: 0.1, guest: 12.2 },
  correlationId: null,
  captcha: { verified: false, score: 0.9 },
});

const recordsOf = async (file: string) => {
  const lines = await Array.fromAsync(readAuditLines(file));
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
};

/** Writes whole attempts, so that nothing needs an answer later. */
async function writeAttempts(...attemptIds: string[]): Promise<void> {
  await using log = await jsonlAuditLog(path);
  const events = attemptIds.flatMap((id) => [requested(id), admitted(id)]);
  await Promise.all(events.map((event) => log.record(event)));
}

test('records are lines of the file, in the order of the calls, and verify', async () => {
  await using log = await jsonlAuditLog(path);
  const events = [requested('a'), requested('b'), admitted('b'), admitted('a')];
  const records = await Promise.all(events.map((event) => log.record(event)));
  expect(records.map(({ sequence, attemptId }) => [sequence, attemptId])).toEqual([
    [1, 'a'],
    [2, 'b'],
    [3, 'b'],
    [4, 'a'],
  ]);
  expect(await recordsOf(path)).toEqual(records);
  expect(await verifyAuditLog(readAuditLines(path), { expectedHead: log.head })).toMatchObject({
    ok: true,
    records: 4,
  });
});

test('a record is in the file when its promise resolves', async () => {
  await using log = await jsonlAuditLog(path, { durability: 'flush' });
  const record = await log.record(admitted('a'));
  expect(await recordsOf(path)).toEqual([record]);
});

test('the chain goes on where the last process left it', async () => {
  await writeAttempts('a');
  await writeAttempts('b', 'c');
  const proof = await verifyAuditLog(readAuditLines(path));
  expect(proof).toMatchObject({ ok: true, records: 6 });
});

test('a new log is made with its directories, for its owner alone', async () => {
  const deep = join(directory, 'new', 'deeper', 'audit.jsonl');
  await using log = await jsonlAuditLog(deep);
  expect(log.head).toEqual(genesis);
  expect((await stat(deep)).mode & 0o777).toBe(0o600);
  expect((await stat(join(directory, 'new'))).mode & 0o777).toBe(0o700);
});

test('an intent that no outcome followed becomes unknown when the log is opened, once', async () => {
  await (async () => {
    await using log = await jsonlAuditLog(path);
    for (const event of [requested('lost'), requested('done'), admitted('done'), requested('also lost')]) {
      await log.record(event);
    }
  })();
  const clock = manualClock(Date.parse('2024-01-16T00:00:00Z'));
  await (await jsonlAuditLog(path, { clock }))[Symbol.asyncDispose]();
  await (await jsonlAuditLog(path, { clock }))[Symbol.asyncDispose]();

  const added = (await recordsOf(path)).slice(4);
  expect(added.map(({ attemptId }) => attemptId)).toEqual(['lost', 'also lost']);
  expect(added[0]).toMatchObject({
    eventType: 'WEBMESSAGING_GUEST_UNKNOWN',
    outcome: 'unknown',
    code: 'outcome_unknown',
    guestId: null,
    channelId: 'your-channel-id',
    consentTimestamp: '2024-01-15T10:30:00Z',
    captchaProvider: 'recaptcha',
    timestamp: '2024-01-16T00:00:00.000Z',
    latencyMs: 0,
    sequence: 5,
  });
  expect(await verifyAuditLog(readAuditLines(path))).toMatchObject({ ok: true, records: 6 });
});

test('wherever a crash cuts the last write, the whole records stay, the rest is set aside and the chain goes on', async () => {
  await writeAttempts('a', 'b');
  const whole = await readFile(path);
  const ends = [0, ...whole.entries().flatMap(([at, byte]) => (byte === 0x0a ? [at + 1] : []))];
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (cut) => {
      await rm(`${path}.torn`, { force: true });
      await writeFile(path, whole.subarray(0, cut));
      const kept = ends.findLast((end) => end <= cut) ?? 0;

      await writeAttempts('next');

      const proof = await verifyAuditLog(readAuditLines(path));
      expect(proof.ok).toBe(true);
      expect((await readFile(path)).subarray(0, kept)).toEqual(whole.subarray(0, kept));
      const torn = kept === cut ? '' : `${whole.subarray(kept, cut)}\n`;
      expect(await readFile(`${path}.torn`, 'utf8').catch(() => '')).toBe(torn);
    }),
    { numRuns: 40, examples: [[0], [1], [whole.length - 1], [whole.length]] },
  );
});

test('a last line of broken JSON is set aside too, and what was set aside before stays', async () => {
  await writeAttempts('a');
  await appendFile(path, '\0\0\0\0\n');
  await writeAttempts('b');
  await appendFile(path, '{"half":');
  await writeAttempts('c');
  expect(await readFile(`${path}.torn`, 'utf8')).toBe('\0\0\0\0\n{"half":\n');
  expect((await stat(`${path}.torn`)).mode & 0o777).toBe(0o600);
  expect(await verifyAuditLog(readAuditLines(path))).toMatchObject({ ok: true, records: 6 });
});

test('a log broken where no crash explains it is refused, untouched, naming the line and what to run', async () => {
  await writeAttempts('a', 'b');
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const damaged: [number, string[]][] = [
    [2, lines.with(1, 'broken')],
    [2, lines.toSpliced(1, 1)],
    [4, lines.with(3, (lines[3] ?? '').replace('guest of b', 'guest of x'))],
  ];
  for (const [line, content] of damaged) {
    const text = `${content.join('\n')}\n`;
    await writeFile(path, text);
    const error: unknown = await jsonlAuditLog(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'storage_unavailable', retryable: false });
    expect(String(error)).toContain(`line ${line} `);
    expect(String(error)).toContain('guestpass audit verify');
    expect(await readFile(path, 'utf8')).toBe(text);
    await expect(stat(`${path}.lock`)).rejects.toThrow('ENOENT');
  }
});

test('a path that cannot be a file is refused with its reason', async () => {
  await expect(jsonlAuditLog(directory)).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.stringContaining('EISDIR'),
  });
});

test('a device is refused, since it keeps nothing', async () => {
  await expect(jsonlAuditLog('/dev/null')).rejects.toMatchObject({ code: 'storage_unavailable', retryable: false });
});

test('disposing waits for what is pending, takes nothing more, and gives the lock back', async () => {
  const log = await jsonlAuditLog(path);
  const pending = log.record(admitted('a'));
  const disposed = log[Symbol.asyncDispose]();
  await expect(log.record(admitted('b'))).rejects.toMatchObject({ code: 'storage_unavailable', retryable: false });
  await disposed;
  expect((await pending).sequence).toBe(1);
  await log[Symbol.asyncDispose]();
  await expect(stat(`${path}.lock`)).rejects.toThrow('ENOENT');
  expect(await recordsOf(path)).toHaveLength(1);
});

test('a log is written by one owner at a time', async () => {
  await using log = await jsonlAuditLog(path);
  await expect(jsonlAuditLog(path)).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  expect((await log.record(admitted('a'))).sequence).toBe(1);
});

test('more records than one write takes keep their order', async () => {
  await using log = await jsonlAuditLog(path);
  const ids = Array.from({ length: 2_500 }, (_, index) => `att_${index}`);
  const records = await Promise.all(ids.map((id) => log.record(admitted(id))));
  expect(records.map(({ attemptId }) => attemptId)).toEqual(ids);
  expect(await verifyAuditLog(readAuditLines(path))).toMatchObject({ ok: true, records: 2_500 });
});

test('what is cut behind the last record is noticed against the head', async () => {
  await writeAttempts('a', 'b');
  const proof = await verifyAuditLog(readAuditLines(path));
  if (!proof.ok) throw new Error(proof.detail);
  const [first = ''] = await Array.fromAsync(readAuditLines(path));
  await truncate(path, first.length + 1);
  expect(await verifyAuditLog(readAuditLines(path), { expectedHead: proof.head })).toMatchObject({
    kind: 'truncated',
    line: 2,
  });
});
