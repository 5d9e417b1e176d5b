import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuestRequestedEvent } from './event.ts';
import { jsonlAuditLog } from './jsonl.ts';
import { type Durability, type LogFile, type OpenLogFile, openLogFile } from './log-file.ts';
import { readAuditLines } from './log-lines.ts';
import { verifyAuditLog } from './verify.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-faults-'));
  path = join(directory, 'audit.jsonl');
});

afterEach(() => rm(directory, { recursive: true }));

const requested = (attemptId: string): GuestRequestedEvent => ({
  eventType: 'WEBMESSAGING_GUEST_REQUESTED',
  attemptId,
  channelId: 'your-channel-id',
  consentTimestamp: '2024-01-15T10:30:00Z',
  captchaProvider: null,
  timestamp: '2024-01-15T10:30:01.000Z',
});

/** An append fails half way, a sync when every byte is written and nobody knows whether the disk has them. */
type Operation = 'append' | 'sync' | 'truncate';

/** A real file whose operations fail when told, and which notes what was asked of it. */
function unreliable() {
  const asked: Operation[] = [];
  const durabilities: Durability[] = [];
  const failing = new Set<Operation>();
  const failingOnce = new Set<Operation>();
  let gate: { readonly reached: () => void; readonly opened: Promise<void> } | undefined;

  const failIfTold = (name: Operation) => {
    if (failing.has(name) || failingOnce.delete(name))
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  const begin = async (name: Operation) => {
    asked.push(name);
    gate?.reached();
    await gate?.opened;
    failIfTold(name);
  };

  const openFile: OpenLogFile = async (name, durability) => {
    durabilities.push(durability);
    const file = await openLogFile(name, durability);
    const wrapped: LogFile = {
      async append(bytes) {
        await begin('append').catch(async (error: unknown) => {
          // A full disk takes a part.
          await file.append(bytes.subarray(0, bytes.length >> 1));
          throw error;
        });
        await file.append(bytes);
        failIfTold('sync');
      },
      async truncate(length) {
        await begin('truncate');
        await file.truncate(length);
      },
      close: () => file.close(),
    };
    return wrapped;
  };

  return {
    openFile,
    asked,
    durabilities,
    fail: (...operations: Operation[]) => {
      for (const name of operations) failing.add(name);
    },
    failOnce: (name: Operation) => failingOnce.add(name),
    mend: () => failing.clear(),
    /** Operations stop at a gate. `reached` resolves when the first one stands there; `open` lets all through. */
    hold: () => {
      const reached = Promise.withResolvers<void>();
      const opened = Promise.withResolvers<void>();
      gate = { reached: reached.resolve, opened: opened.promise };
      return { reached: reached.promise, open: opened.resolve };
    },
  };
}

const attemptsIn = async (file: string) => {
  const lines = await Array.fromAsync(readAuditLines(file));
  return lines.map((line): unknown => JSON.parse(line).attemptId);
};

test.each<[string, Operation[]]>([
  ['a write that ends half way', ['append']],
  ['a sync that fails', ['sync']],
  ['a write that cannot be taken back at once', ['append', 'truncate']],
])('%s rejects its record, and chain and file agree again afterwards', async (_name, operations) => {
  const disk = unreliable();
  await using log = await jsonlAuditLog(path, { openFile: disk.openFile });
  await log.record(requested('a'));
  const good = await readFile(path, 'utf8');

  disk.fail(...operations);
  await expect(log.record(requested('b'))).rejects.toMatchObject({
    code: 'storage_unavailable',
    retryable: true,
    message: expect.stringContaining('ENOSPC'),
  });
  await expect(log.record(requested('c'))).rejects.toMatchObject({ code: 'storage_unavailable' });
  if (!operations.includes('truncate')) expect(await readFile(path, 'utf8')).toBe(good);
  expect(log.head.sequence).toBe(1);

  disk.mend();
  expect((await log.record(requested('d'))).sequence).toBe(2);
  expect(await attemptsIn(path)).toEqual(['a', 'd']);
  expect((await verifyAuditLog(readAuditLines(path))).ok).toBe(true);
});

test('all records of a failed write are rejected together', async () => {
  const disk = unreliable();
  await using log = await jsonlAuditLog(path, { openFile: disk.openFile });
  disk.failOnce('append');
  const results = await Promise.allSettled(['a', 'b', 'c'].map((id) => log.record(requested(id))));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect((await log.record(requested('d'))).sequence).toBe(1);
});

test('records that wait behind a failed write are kept, without a gap', async () => {
  const disk = unreliable();
  await using log = await jsonlAuditLog(path, { openFile: disk.openFile });
  const gate = disk.hold();
  const lost = log.record(requested('lost'));
  await gate.reached;
  const behind = ['a', 'b', 'c'].map((id) => log.record(requested(id)));
  disk.failOnce('sync');
  gate.open();
  await expect(lost).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect((await Promise.all(behind)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(await attemptsIn(path)).toEqual(['a', 'b', 'c']);
  expect((await verifyAuditLog(readAuditLines(path))).ok).toBe(true);
});

test('records that arrive during a write share the next one', async () => {
  const disk = unreliable();
  await using log = await jsonlAuditLog(path, { openFile: disk.openFile });
  const gate = disk.hold();
  const first = log.record(requested('first'));
  await gate.reached;
  const others = Array.from({ length: 100 }, (_, index) => log.record(requested(`att_${index}`)));
  gate.open();
  await Promise.all([first, ...others]);
  expect(disk.asked).toEqual(['append', 'append']);
});

test('a record is not acknowledged before the disk has it', async () => {
  const disk = unreliable();
  await using log = await jsonlAuditLog(path, { openFile: disk.openFile });
  const gate = disk.hold();
  let acknowledged = false;
  const recorded = log.record(requested('a')).then(() => {
    acknowledged = true;
  });
  await gate.reached;
  expect(acknowledged).toBe(false);
  gate.open();
  await recorded;
  expect(disk.durabilities).toEqual(['fsync']);
});

test('with durability flush the disk is not waited for', async () => {
  const disk = unreliable();
  await using log = await jsonlAuditLog(path, { openFile: disk.openFile, durability: 'flush' });
  await log.record(requested('a'));
  expect(disk.durabilities).toEqual(['flush']);
});

test('a record that cannot be kept fails alone', async () => {
  await using log = await jsonlAuditLog(path);
  const results = await Promise.allSettled(['a', '\ud800', 'b'].map((id) => log.record(requested(id))));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await expect(log.record(requested('\ud800'))).rejects.toMatchObject({
    code: 'storage_unavailable',
    retryable: false,
  });
  expect(await attemptsIn(path)).toEqual(['a', 'b']);
  expect((await verifyAuditLog(readAuditLines(path))).ok).toBe(true);
});

test('what a failed write left behind is gone when the log is closed', async () => {
  const disk = unreliable();
  const log = await jsonlAuditLog(path, { openFile: disk.openFile });
  disk.fail('append', 'truncate');
  await expect(log.record(requested('a'))).rejects.toMatchObject({ code: 'storage_unavailable' });
  disk.mend();
  await log[Symbol.asyncDispose]();
  expect(await readFile(path, 'utf8')).toBe('');
});

test('under any sequence of failures the file holds exactly the acknowledged records, in order', async () => {
  const step = fc.record({
    records: fc.integer({ min: 1, max: 4 }),
    failing: fc.subarray<Operation>(['append', 'sync', 'truncate']),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      await rm(path, { force: true });
      const disk = unreliable();
      const acknowledged: string[] = [];
      const log = await jsonlAuditLog(path, { openFile: disk.openFile });
      for (const [number, { records, failing }] of steps.entries()) {
        disk.mend();
        disk.fail(...failing);
        const ids = Array.from({ length: records }, (_, index) => `att_${number}_${index}`);
        const results = await Promise.allSettled(ids.map((id) => log.record(requested(id))));
        acknowledged.push(...ids.filter((_, index) => results[index]?.status === 'fulfilled'));
      }
      disk.mend();
      await log[Symbol.asyncDispose]();
      expect(await attemptsIn(path)).toEqual(acknowledged);
      expect((await verifyAuditLog(readAuditLines(path))).ok).toBe(true);
    }),
    { numRuns: 60 },
  );
});
