import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockLog } from './log-lock.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'guestpass-lock-')));
  path = join(directory, 'audit.jsonl');
});

afterEach(() => rm(directory, { recursive: true }));

const leaveLock = (owner: unknown) => writeFile(`${path}.lock`, JSON.stringify(owner));

/** The number of a process that ran and is gone. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

test('a lock holds until it is released', async () => {
  const lock = await lockLog(path);
  await expect(lockLog(path)).rejects.toMatchObject({ code: 'storage_unavailable' });
  await lock.release();
  await (await lockLog(path)).release();
  expect(await readdir(directory)).toEqual([]);
});

test('a file has one lock, whatever name leads to it', async () => {
  const link = join(directory, 'link.jsonl');
  await writeFile(path, '');
  await symlink(path, link);
  const lock = await lockLog(link);
  await expect(lockLog(path)).rejects.toMatchObject({ code: 'storage_unavailable' });
  await lock.release();
  expect((await readdir(directory)).toSorted()).toEqual(['audit.jsonl', 'link.jsonl']);
});

test('the lock of a dead owner is taken over', async () => {
  await leaveLock({ pid: deadPid(), host: hostname(), birth: null });
  const lock = await lockLog(path);
  expect(JSON.parse(await readFile(`${path}.lock`, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
  await lock.release();
  expect(await readdir(directory)).toEqual([]);
});

test('a new process with the number of the dead owner does not keep its lock', async () => {
  await leaveLock({ pid: process.pid, host: hostname(), birth: 'an earlier boot 1' });
  await (await lockLog(path)).release();
});

test('a live owner is named', async () => {
  await leaveLock({ pid: process.ppid, host: hostname(), birth: null });
  await expect(lockLog(path)).rejects.toMatchObject({
    code: 'storage_unavailable',
    retryable: false,
    message: expect.stringContaining(`process ${process.ppid} on ${hostname()}`),
  });
});

test('an owner on another host cannot be asked, and counts as alive', async () => {
  await leaveLock({ pid: deadPid(), host: 'elsewhere.example', birth: null });
  await expect(lockLog(path)).rejects.toMatchObject({
    message: expect.stringContaining('on elsewhere.example'),
    remedy: expect.stringContaining(`${path}.lock`),
  });
});

test.each([
  ['nothing', ''],
  ['half an owner', '{"pid":1'],
  ['an owner without a host', '{"pid":1}'],
  ['an impossible number', '{"pid":-1,"host":"x"}'],
])('a lock that holds %s keeps others out', async (_name, content) => {
  await writeFile(`${path}.lock`, content);
  await expect(lockLog(path)).rejects.toMatchObject({ code: 'storage_unavailable' });
});

test('of many that take a dead owner over at once, one has the lock, and nothing else stays', async () => {
  const stale = { pid: deadPid(), host: hostname(), birth: null };
  for (let round = 0; round < 50; round += 1) {
    await leaveLock(stale);
    // Each starts a few steps behind the one before, so that they meet at different places.
    const takeBehind = async (steps: number) => {
      for (let step = 0; step < steps; step += 1) await readdir(directory);
      return await lockLog(path);
    };
    const results = await Promise.allSettled(Array.from({ length: 12 }, (_, steps) => takeBehind(steps)));
    const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(locks).toHaveLength(1);
    await locks[0]?.release();
    expect(await readdir(directory)).toEqual([]);
  }
});

test('a lock is there with its owner or not at all, so no kill can leave one that names nobody', async () => {
  let over = false;
  const lookOn = async () => {
    const seen = new Set<number>();
    while (!over) {
      const text = await readFile(`${path}.lock`, 'utf8').catch(() => undefined);
      if (text !== undefined) seen.add(text === '' ? 0 : JSON.parse(text).pid);
    }
    return seen;
  };
  const looking = Promise.all([lookOn(), lookOn()]);
  for (let round = 0; round < 100; round += 1) await (await lockLog(path)).release();
  over = true;
  for (const seen of await looking) expect(seen).toEqual(new Set([process.pid]));
});

test('an owner that died while it took a lock over leaves nothing in the way', async () => {
  await leaveLock({ pid: deadPid(), host: hostname(), birth: null });
  await writeFile(`${path}.lock.lock`, JSON.stringify({ pid: deadPid(), host: hostname(), birth: null }));
  await writeFile(`${path}.lock.${deadPid()}-${randomUUID()}`, '{"pid":');
  await (await lockLog(path)).release();
  expect(await readdir(directory)).toEqual([]);
});

test('a directory that cannot be written to is told as it is', async () => {
  await expect(lockLog(join(directory, 'missing', 'audit.jsonl'))).rejects.toThrow('ENOENT');
});
