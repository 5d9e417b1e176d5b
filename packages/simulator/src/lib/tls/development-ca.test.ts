import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openDevelopmentCa } from './development-ca.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const dayMs = 86_400_000;
const at = (instant: number) => () => instant;
const names = ['localhost', '127.0.0.1', '::1', '*.sim.test'];

const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-ca-'));
  made.push(directory);
  return join(directory, 'tls');
}

test('a server is vouched for by the names it is given, for a week', async () => {
  const ca = await openDevelopmentCa(undefined, at(now));
  const { certificate, privateKey, expiresAt } = await ca.issue(names);
  const server = new X509Certificate(certificate);
  const authority = new X509Certificate(ca.pem);
  expect(server.verify(authority.publicKey)).toBe(true);
  expect(server.checkIssued(authority)).toBe(true);
  expect(server.checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
  expect(['localhost', 'login.sim.test', 'api.sim.test'].map((name) => server.checkHost(name))).not.toContain(
    undefined,
  );
  expect(['127.0.0.1', '::1'].map((address) => server.checkIP(address))).not.toContain(undefined);
  expect([server.checkHost('sim.test'), server.checkIP('127.0.0.2')]).toEqual([undefined, undefined]);
  expect(expiresAt).toBe(now + 7 * dayMs);
  expect(server.validToDate.getTime()).toBe(expiresAt);
  expect(server.validFromDate.getTime()).toBeLessThan(now);
  expect(ca.path).toBeUndefined();
});

test('keys are on P-256, and each certificate may do its own work alone', async () => {
  const ca = await openDevelopmentCa(undefined, at(now));
  const authority = new X509Certificate(ca.pem);
  const server = new X509Certificate((await ca.issue(names)).certificate);
  for (const { publicKey } of [authority, server]) {
    expect(publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  }
  expect([authority.ca, server.ca]).toEqual([true, false]);
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(server.serialNumber).not.toBe(new X509Certificate((await ca.issue(names)).certificate).serialNumber);
});

test('the authority of a directory is the same the next time, and its key is for its owner alone', async () => {
  const directory = await newDirectory();
  const first = await openDevelopmentCa(directory, at(now));
  const second = await openDevelopmentCa(directory, at(now + 300 * dayMs));
  expect(second.pem).toBe(first.pem);
  expect(first.path).toBe(join(directory, 'ca.pem'));
  expect(await readFile(join(directory, 'ca.pem'), 'utf8')).toBe(first.pem);
  expect((await stat(join(directory, 'ca-key.pem'))).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await readdir(directory)).sort()).toEqual(['ca-key.pem', 'ca.pem']);
  const server = new X509Certificate((await second.issue(names)).certificate);
  expect(server.verify(new X509Certificate(first.pem).publicKey)).toBe(true);
});

test('no certificate outlives its authority', async () => {
  const clock = { now };
  const ca = await openDevelopmentCa(undefined, () => clock.now);
  clock.now += 363 * dayMs;
  expect((await ca.issue(names)).expiresAt).toBe(now + 365 * dayMs);
});

test('an authority that ends soon is replaced, and so is its certificate for clients', async () => {
  const directory = await newDirectory();
  const first = await openDevelopmentCa(directory, at(now));
  const second = await openDevelopmentCa(directory, at(now + 336 * dayMs));
  expect(second.pem).not.toBe(first.pem);
  expect(await readFile(join(directory, 'ca.pem'), 'utf8')).toBe(second.pem);
  expect((await stat(join(directory, 'ca-key.pem'))).mode & 0o777).toBe(0o600);
});

test('whoever opens a new directory at the same moment gets the same authority', async () => {
  const directory = await newDirectory();
  const opened = await Promise.all(Array.from({ length: 8 }, () => openDevelopmentCa(directory, at(now))));
  expect(new Set(opened.map(({ pem }) => pem)).size).toBe(1);
  expect((await readdir(directory)).sort()).toEqual(['ca-key.pem', 'ca.pem']);
});

test('a lost certificate for clients is written again', async () => {
  const directory = await newDirectory();
  const { pem } = await openDevelopmentCa(directory, at(now));
  await rm(join(directory, 'ca.pem'));
  await openDevelopmentCa(directory, at(now));
  expect(await readFile(join(directory, 'ca.pem'), 'utf8')).toBe(pem);
});

test('a file that is no authority is left as it is, and named', async () => {
  const directory = await newDirectory();
  await openDevelopmentCa(directory, at(now));
  const path = join(directory, 'ca-key.pem');
  await writeFile(path, 'something else');
  await expect(openDevelopmentCa(directory, at(now))).rejects.toThrow(`${path} is no development CA.`);
  expect(await readFile(path, 'utf8')).toBe('something else');
});

test('nothing of the library stays behind on Reflect', async () => {
  await openDevelopmentCa(undefined, at(now));
  expect(['getMetadata', 'getOwnMetadata', 'defineMetadata'].filter((name) => Reflect.has(Reflect, name))).toEqual([]);
});
