import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointKey } from './checkpoint-key.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-checkpoint-key-'));
});

afterEach(() => rm(directory, { recursive: true }));

test('the key is made beside the checkpoints, in a directory that need not be there, and found again', async () => {
  const file = join(directory, 'new', 'checkpoints.jsonl');
  const made = await checkpointKey(undefined, file);
  const path = join(directory, 'new', 'checkpoint-key.pem');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(`${path}.pub`, 'utf8')).toContain('PUBLIC KEY');
  expect((await checkpointKey(undefined, file)).kid).toBe(made.kid);
});

test('a key of the configuration is used, and none is written', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const file = join(directory, 'checkpoints.jsonl');
  const { kid } = await checkpointKey(privateKey, file);
  expect((await checkpointKey(privateKey, file)).kid).toBe(kid);
  await expect(stat(join(directory, 'checkpoint-key.pem'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a file that is no key is never replaced by another key', async () => {
  const path = join(directory, 'checkpoint-key.pem');
  await writeFile(path, 'no key');
  await expect(checkpointKey(undefined, join(directory, 'checkpoints.jsonl'))).rejects.toMatchObject({
    code: 'config_invalid',
  });
  expect(await readFile(path, 'utf8')).toBe('no key');
});
