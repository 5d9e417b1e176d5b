import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointKeys, keyKeptAt } from './checkpoint-key.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-checkpoint-key-'));
});

const generate = () => generateKeyPairSync('ed25519').privateKey;

afterEach(() => rm(directory, { recursive: true }));

test('the key is made beside the checkpoints, in a directory that need not be there, and found again', async () => {
  const file = join(directory, 'new', 'checkpoints.jsonl');
  const { key: made } = await checkpointKeys({ file });
  const path = join(directory, 'new', 'checkpoint-key.pem');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(`${path}.pub`, 'utf8')).toContain('PUBLIC KEY');
  expect((await checkpointKeys({ file })).key.kid).toBe(made.kid);
});

test('starts of one directory at the same time share one key', async () => {
  const path = join(directory, 'checkpoint-key.pem');
  const keys = await Promise.all(Array.from({ length: 8 }, () => keyKeptAt(path)));
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
  expect((await keyKeptAt(path)).kid).toBe(keys[0]?.kid);
});

test('starts of one directory at the same time know its key once, also while the list is still being written', async () => {
  const file = join(directory, 'checkpoints.jsonl');
  const starts = await Promise.all(Array.from({ length: 8 }, () => checkpointKeys({ file })));
  const kids = new Set(starts.flatMap(({ publicKeys }) => publicKeys.map(({ kid }) => kid)));
  expect([...kids]).toEqual([starts[0]?.key.kid]);
  expect((await checkpointKeys({ file })).publicKeys).toHaveLength(1);

  await writeFile(join(directory, 'checkpoint-keys.pem'), '');
  const { key, publicKeys } = await checkpointKeys({ file });
  expect(publicKeys.map(({ kid }) => kid)).toEqual([key.kid]);
});

test('a key of the configuration is used, and none is written', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const file = join(directory, 'checkpoints.jsonl');
  const { key } = await checkpointKeys({ key: privateKey, file });
  expect((await checkpointKeys({ key: privateKey, file })).key.kid).toBe(key.kid);
  await expect(stat(join(directory, 'checkpoint-key.pem'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a file that is no key is never replaced by another key', async () => {
  const path = join(directory, 'checkpoint-key.pem');
  await writeFile(path, 'no key');
  await expect(checkpointKeys({ file: join(directory, 'checkpoints.jsonl') })).rejects.toMatchObject({
    code: 'config_invalid',
  });
  expect(await readFile(path, 'utf8')).toBe('no key');
});

test('public keys are kept for good, each once, in the order they came', async () => {
  const file = join(directory, 'checkpoints.jsonl');
  const [first, second, third] = [generate(), generate(), generate()];
  await checkpointKeys({ key: first, file });
  await checkpointKeys({ key: second, previousKey: first, file });
  const { key, previousKey, publicKeys } = await checkpointKeys({ key: third, previousKey: second, file });
  expect(publicKeys.map(({ kid }) => kid).slice(1)).toEqual([previousKey?.kid, key.kid]);
  expect((await checkpointKeys({ key: third, file })).publicKeys).toHaveLength(3);
  const pem = await readFile(join(directory, 'checkpoint-keys.pem'), 'utf8');
  expect(pem.match(/BEGIN PUBLIC KEY/g)).toHaveLength(3);
  expect(pem).not.toContain('PRIVATE');
});

test('a file of public keys that holds something else is not written to', async () => {
  const path = join(directory, 'checkpoint-keys.pem');
  await writeFile(path, 'no keys');
  const file = join(directory, 'checkpoints.jsonl');
  await expect(checkpointKeys({ key: generate(), file })).rejects.toMatchObject({ code: 'config_invalid' });
  expect(await readFile(path, 'utf8')).toBe('no keys');
});
