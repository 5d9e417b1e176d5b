import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GuestpassError } from 'guestpass';

/** Bytes of a master key. */
const keyBytes = 32;

/** Reads a master key written as base64. */
export function parseMasterKey(text: string): Uint8Array {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length >= keyBytes) return key;
  throw new GuestpassError('config_invalid', 'The master key is not base64 of at least 32 bytes.', {
    remedy: 'Make one with `openssl rand -base64 32`, and give the same one to every gateway of the fleet.',
  });
}

/**
 * Reads the master key of a file, or makes a new one there (mode 0600). For a gateway with a database of its own; a
 * fleet is given its key.
 */
export async function loadMasterKey(path: string): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const kept = await readFile(path, 'utf8').catch(absent);
  if (kept !== undefined) return parseMasterKey(kept);
  const key = randomBytes(keyBytes);
  // Written beside its place and linked there whole: a crash leaves no half of a key, and of two starts one wins.
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, `${key.toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, path);
    return key;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return parseMasterKey(await readFile(path, 'utf8'));
  } finally {
    await rm(draft, { force: true });
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
