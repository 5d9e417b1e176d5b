import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadMasterKey, parseMasterKey } from './master-key.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-key-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a key is made once, for its owner alone, and found again', async () => {
  const path = join(directory, 'deep', 'master.key');
  const first = await loadMasterKey(path);
  expect(first).toHaveLength(32);
  expect(Buffer.from(await loadMasterKey(path))).toEqual(Buffer.from(first));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('starts of one directory at the same time share one key, and leave nothing beside it', async () => {
  const path = join(directory, 'master.key');
  const keys = await Promise.all(Array.from({ length: 10 }, () => loadMasterKey(path)));
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
  expect(await readdir(directory)).toEqual(['master.key']);
});

test('a key that is too short is refused without being shown', () => {
  const short = Buffer.alloc(31, 1).toString('base64');
  expect(() => parseMasterKey(short)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  expect(() => parseMasterKey(short)).not.toThrow(short);
});
