import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import {
  createCheckpointKeyFiles,
  generateCheckpointKey,
  loadCheckpointKey,
  loadCheckpointPublicKeys,
  parseCheckpointKey,
  parseCheckpointPublicKeys,
} from './checkpoint-keys.ts';

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'guestpass-keys-'));
  return { file: join(path, 'key.pem'), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const refused = (detail: RegExp) =>
  expect.objectContaining({ code: 'config_invalid', detail: expect.stringMatching(detail) });

test('a key written to files is the one read back, and only its owner may read the private part', async () => {
  await using place = await folder();
  const { kid } = await createCheckpointKeyFiles(place.file);
  expect((await loadCheckpointKey(place.file)).kid).toBe(kid);
  expect((await loadCheckpointPublicKeys(`${place.file}.pub`)).map((key) => key.kid)).toEqual([kid]);
  expect((await stat(place.file)).mode & 0o777).toBe(0o600);
  expect(await readFile(place.file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(await readFile(`${place.file}.pub`, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
});

test('a key is named by the hash of its public part, which anybody can take from the file', async () => {
  await using place = await folder();
  const { kid } = await createCheckpointKeyFiles(place.file);
  const [, body = ''] = (await readFile(`${place.file}.pub`, 'utf8')).split('-----\n');
  expect(createHash('sha256').update(Buffer.from(body, 'base64')).digest('hex').slice(0, 16)).toBe(kid);
});

test('a key is never overwritten', async () => {
  await using place = await folder();
  const { kid } = await createCheckpointKeyFiles(place.file);
  await expect(createCheckpointKeyFiles(place.file)).rejects.toEqual(refused(/EEXIST/));
  await rm(`${place.file}.pub`);
  await expect(createCheckpointKeyFiles(place.file)).rejects.toEqual(refused(/EEXIST/));
  expect((await loadCheckpointKey(place.file)).kid).toBe(kid);
  await expect(createCheckpointKeyFiles('/nowhere/key.pem')).rejects.toEqual(refused(/ENOENT/));
});

test('where the public part cannot be written no private key is left behind, nor half of one', async () => {
  await using place = await folder();
  await writeFile(`${place.file}.pub`, 'of another key');
  await expect(createCheckpointKeyFiles(place.file)).rejects.toEqual(refused(/EEXIST/));
  expect(await readdir(dirname(place.file))).toEqual([basename(`${place.file}.pub`)]);
});

test('public keys of several years stand in one file', async () => {
  const keys = [generateCheckpointKey(), generateCheckpointKey()];
  const pem = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })).join('\n');
  expect(parseCheckpointPublicKeys(pem).map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
});

test('other text is no key, and its words come into no message', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const privatePem = generateCheckpointKey().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  expect(() => parseCheckpointKey('secret words')).toThrow(refused(/not an Ed25519 private key/));
  expect(() => parseCheckpointKey('secret words')).not.toThrow(/secret words/);
  expect(() => parseCheckpointKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toThrow();
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  for (const pem of ['', 'secret words', rsaPublic, privatePem]) {
    expect(() => parseCheckpointPublicKeys(pem)).toThrow(refused(/no Ed25519 public key/));
  }
});

test('a key that cannot be read says why', async () => {
  await using place = await folder();
  await expect(loadCheckpointKey(place.file)).rejects.toEqual(refused(/ENOENT/));
  await writeFile(place.file, 'x');
  await expect(loadCheckpointKey(place.file)).rejects.toEqual(refused(/not an Ed25519/));
});

test('showing a key does not show its private part', () => {
  const key = generateCheckpointKey();
  const secret = key.privateKey.export({ format: 'jwk' }).d ?? '';
  expect(secret).not.toBe('');
  expect(inspect(key, { depth: 5, showHidden: true }) + JSON.stringify(key)).not.toContain(secret);
});
