import {
  createPrivateKey,
  createPublicKey,
  hash as digest,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { GuestpassError } from '../errors.ts';
import { undoOnFailure } from './undo-on-failure.ts';

/** What checkpoints are verified with; may be shown to anybody. */
export interface CheckpointPublicKey {
  /** The first 16 hexadecimal digits of the SHA-256 of the public key's SPKI form (DER). */
  readonly kid: string;
  readonly publicKey: KeyObject;
}

/** What checkpoints are signed with: an Ed25519 key. */
export interface CheckpointKey extends CheckpointPublicKey {
  readonly privateKey: KeyObject;
}

/** Makes a new key, in memory alone. */
export function generateCheckpointKey(): CheckpointKey {
  return keyOf(generateKeyPairSync('ed25519').privateKey);
}

/**
 * Makes a new key and writes it to two files: the private key to `path` (PKCS#8 PEM, mode 0600), the public one to
 * `<path>.pub` (SPKI PEM). Rejects with `config_invalid` when either is there already: a key is never overwritten.
 */
export async function createCheckpointKeyFiles(path: string): Promise<CheckpointKey> {
  const key = generateCheckpointKey();
  const publicPem = key.publicKey.export({ type: 'spki', format: 'pem' });
  const privatePem = key.privateKey.export({ type: 'pkcs8', format: 'pem' });
  try {
    // The private key first: whoever dies in between leaves a key that can be gone on with.
    await writeWhole(path, privatePem);
    await undoOnFailure(
      () => rm(path),
      () => writeFile(`${path}.pub`, publicPem, { flag: 'wx', mode: 0o644, flush: true }),
    );
  } catch (cause) {
    throw unusable(
      `No key was written to ${path}${codeOf(cause)}.`,
      'Name two new files in a directory you may write.',
      {
        cause,
      },
    );
  }
  return key;
}

/** Under its name stands a whole key, or none. */
async function writeWhole(path: string, pem: string | Buffer): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, pem, { flag: 'wx', mode: 0o600, flush: true });
    await link(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Reads a private key (PKCS#8 PEM). Throws `config_invalid`; the message never holds what was read. */
export function parseCheckpointKey(pem: string): CheckpointKey {
  try {
    return keyOf(createPrivateKey(pem));
  } catch {
    // The cause is left out, because a parser's message may quote what it read.
    throw unusable('The key is not an Ed25519 private key in PEM.', 'Make one with `guestpass audit keygen`.');
  }
}

/**
 * Reads one or more public keys (SPKI PEM, one behind the other): the key in force and those before it. Throws
 * `config_invalid`, also for a private key, which has no place where checkpoints are verified.
 */
export function parseCheckpointPublicKeys(pem: string): readonly CheckpointPublicKey[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => publicKeyOf(createPublicKey(block)));
  } catch {
    // Told below, as for text without any block.
  }
  throw unusable(
    'There is no Ed25519 public key in PEM.',
    'Give the `.pub` file that `guestpass audit keygen` wrote, or several in one file.',
  );
}

/** Writes a public key as it stands in a checkpoint that introduces it: its 32 bytes (RFC 8032) as base64url. */
export function publicKeyText({ publicKey }: CheckpointPublicKey): string {
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return x;
}

/** Reads what {@link publicKeyText} wrote, or returns `undefined`. */
export function parsePublicKeyText(text: string): CheckpointPublicKey | undefined {
  try {
    return publicKeyOf(createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: text }, format: 'jwk' }));
  } catch {
    return undefined;
  }
}

/** {@link parseCheckpointKey} of a file. */
export async function loadCheckpointKey(path: string): Promise<CheckpointKey> {
  return parseCheckpointKey(await read(path));
}

/** {@link parseCheckpointPublicKeys} of a file. */
export async function loadCheckpointPublicKeys(path: string): Promise<readonly CheckpointPublicKey[]> {
  return parseCheckpointPublicKeys(await read(path));
}

function keyOf(privateKey: KeyObject): CheckpointKey {
  return { ...publicKeyOf(createPublicKey(privateKey)), privateKey };
}

function publicKeyOf(publicKey: KeyObject): CheckpointPublicKey {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('The key is of another kind.');
  const kid = digest('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16);
  return { kid, publicKey };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unusable(`The key ${path} cannot be read${codeOf(cause)}.`, 'Name a readable PEM file.', { cause });
  }
}

function unusable(detail: string, remedy: string, details: { readonly cause?: unknown } = {}): GuestpassError {
  return new GuestpassError('config_invalid', detail, { ...details, remedy });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
}
