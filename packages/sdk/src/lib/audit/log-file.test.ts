import { constants } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogFile } from './log-file.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-log-file-'));
  path = join(directory, 'audit.jsonl');
});

afterEach(() => rm(directory, { recursive: true }));

/** Whether this process has the file open so that each write waits for the disk; the kernel says so in octal. */
async function writesAreSynced(): Promise<boolean> {
  for (const descriptor of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => '');
    if (target !== path) continue;
    const told = await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(told)?.[1] ?? '', 8);
    return (flags & constants.O_DSYNC) !== 0;
  }
  throw new Error('The file is not open.');
}

test.runIf(platform() === 'linux')('a write waits for the disk with fsync, and does not with flush', async () => {
  const synced = await openLogFile(path, 'fsync');
  expect(await writesAreSynced()).toBe(true);
  await synced.close();
  const flushed = await openLogFile(path, 'flush');
  expect(await writesAreSynced()).toBe(false);
  await flushed.close();
});

test.each(['fsync', 'flush'] as const)(
  'with %s a file goes on behind what it holds, and behind a cut',
  async (kept) => {
    const first = await openLogFile(path, kept);
    await first.append(Buffer.from('one\ntwo\n'));
    await first.truncate(4);
    await first.append(Buffer.from('three\n'));
    await first.close();
    const second = await openLogFile(path, kept);
    await second.append(Buffer.from('four\n'));
    await second.close();
    expect(await readFile(path, 'utf8')).toBe('one\nthree\nfour\n');
  },
);
