import { randomUUID, X509Certificate } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createAuthority, type Identity, issueFor, type ServerIdentity } from './certificates.ts';

/** A certificate authority for this machine alone. */
export interface DevelopmentCa {
  /** Its certificate, as PEM: what a client must trust. */
  readonly pem: string;
  /** The file its certificate stands in; `undefined` when it is written nowhere. */
  readonly path: string | undefined;
  /** Makes a certificate for a server that has these names. */
  issue(names: readonly string[]): Promise<ServerIdentity>;
}

const dayMs = 86_400_000;
const leastDaysLeft = 30;

/**
 * Opens the authority of a directory, which is made when it is not there, and replaced when it ends within 30 days.
 * Without a directory it is made afresh and written nowhere. Rejects with the system's error, and for a file that is no
 * such authority. `now` is the machine's clock: clients judge certificates by theirs.
 */
export async function openDevelopmentCa(directory: string | undefined, now: () => number): Promise<DevelopmentCa> {
  const authority = directory === undefined ? await createAuthority(now()) : await openAuthority(directory, now());
  const path = directory === undefined ? undefined : await publish(directory, authority.certificate);
  return { pem: authority.certificate, path, issue: (names) => issueFor(authority, { names, now: now() }) };
}

async function openAuthority(directory: string, now: number): Promise<Identity> {
  const path = join(directory, 'ca-key.pem');
  const known = await readAuthority(path);
  if (known && endOf(known) - now > leastDaysLeft * dayMs) return known;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { certificate, privateKey } = await createAuthority(now);
  await appear(path, { text: `${privateKey}${certificate}`, mode: 0o600, instead: known !== undefined });
  return (await readAuthority(path)) ?? { certificate, privateKey };
}

/** Writes the certificate for clients to be pointed at. */
async function publish(directory: string, certificate: string): Promise<string> {
  const path = resolve(directory, 'ca.pem');
  if ((await readIfThere(path)) !== certificate) {
    await appear(path, { text: certificate, mode: 0o644, instead: true });
  }
  return path;
}

/** The key and its certificate stand in one file, so that no other process ever meets one without the other. */
async function readAuthority(path: string): Promise<Identity | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const [privateKey] = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text) ?? [];
  const [certificate] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text) ?? [];
  if (privateKey !== undefined && certificate !== undefined) return { privateKey, certificate };
  throw new TypeError(`${path} is no development CA. Remove it, and another is made.`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

interface Appearing {
  readonly text: string;
  readonly mode: number;
  /** Whether it takes the place of a file that is there already; otherwise that file stays. */
  readonly instead: boolean;
}

/** Lets a file appear whole, whoever else does the same at this moment. */
async function appear(path: string, { text, mode, instead }: Appearing): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { mode, flag: 'wx' });
  try {
    await (instead ? rename(draft, path) : link(draft, path));
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function endOf({ certificate }: Identity): number {
  return new X509Certificate(certificate).validToDate.getTime();
}
