import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jsonlAuditLog } from './jsonl.ts';
import { readAuditLines } from './log-lines.ts';
import { verifyAuditLog } from './verify.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-crash-'));
  path = join(directory, 'audit.jsonl');
});

afterEach(() => rm(directory, { recursive: true }));

/** Writes without end from fifty callers, and prints each attempt once its record is acknowledged. */
const writer = `
import { writeSync } from 'node:fs';
import { jsonlAuditLog } from ${JSON.stringify(new URL('./jsonl.ts', import.meta.url).href)};
const log = await jsonlAuditLog(process.argv[1]);
let count = 0;
async function caller() {
  for (;;) {
    const attemptId = 'att_' + (count += 1);
    await log.record({
      eventType: 'WEBMESSAGING_GUEST_REQUESTED', attemptId, channelId: 'c', captchaProvider: null,
      consentTimestamp: '2024-01-15T10:30:00Z', timestamp: '2024-01-15T10:30:01.000Z',
    });
    writeSync(1, attemptId + '\\n');
  }
}
await Promise.all(Array.from({ length: 50 }, caller));
`;

test('after SIGKILL every acknowledged record is found, the chain verifies and no intent stays unanswered', async () => {
  const flags = ['--conditions=guestpass-source', '--input-type=module', '--eval', writer];
  const child = spawn(process.execPath, [...flags, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints = text(child.stderr);
  const closed = once(child, 'close');
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.length > 5_000) child.kill('SIGKILL');
  }
  expect(await complaints).toBe('');
  expect(await closed).toEqual([null, 'SIGKILL']);
  expect(JSON.parse(await readFile(`${path}.lock`, 'utf8'))).toMatchObject({ pid: child.pid });

  await (await jsonlAuditLog(path))[Symbol.asyncDispose]();

  expect((await verifyAuditLog(readAuditLines(path))).ok).toBe(true);
  const found = new Map<string, string[]>();
  for await (const line of readAuditLines(path)) {
    const { attemptId, eventType } = JSON.parse(line);
    found.set(attemptId, [...(found.get(attemptId) ?? []), eventType]);
  }
  const acknowledged = printed.split('\n').slice(0, -1);
  expect(acknowledged.length).toBeGreaterThan(100);
  expect(acknowledged.filter((attemptId) => !found.has(attemptId))).toEqual([]);
  const answered = ['WEBMESSAGING_GUEST_REQUESTED', 'WEBMESSAGING_GUEST_UNKNOWN'];
  expect([...found.values()].filter((types) => types.join() !== answered.join())).toEqual([]);
});
