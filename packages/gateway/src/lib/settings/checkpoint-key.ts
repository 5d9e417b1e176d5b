import type { KeyObject } from 'node:crypto';
import { access, appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type CheckpointKey,
  type CheckpointPublicKey,
  createCheckpointKeyFiles,
  loadCheckpointKey,
  parseCheckpointKey,
  parseCheckpointPublicKeys,
} from 'guestpass/audit';

export interface CheckpointKeyOptions {
  /** Default: the one kept beside the checkpoints, which is made when it is not there. */
  readonly key?: KeyObject | undefined;
  /** The key before, while it hands over. */
  readonly previousKey?: KeyObject | undefined;
  /** The file of checkpoints. */
  readonly file: string;
}

/** What checkpoints, manifests and new beginnings of the log are signed with, now and before. */
export interface CheckpointKeys {
  readonly key: CheckpointKey;
  readonly previousKey?: CheckpointKey;
  /** Every key there was, as kept in `checkpoint-keys.pem` beside the checkpoints. */
  readonly publicKeys: readonly CheckpointPublicKey[];
}

/**
 * The keys that were configured, or the one kept beside the checkpoints. Public keys are never forgotten: those that
 * are new are put behind the others in `checkpoint-keys.pem`, which is what a checker is given.
 */
export async function checkpointKeys({ key, previousKey, file }: CheckpointKeyOptions): Promise<CheckpointKeys> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const current = key ? parsed(key) : await keyKeptAt(join(directory, 'checkpoint-key.pem'));
  const previous = previousKey && parsed(previousKey);
  const publicKeys = await rememberKeys(
    join(directory, 'checkpoint-keys.pem'),
    previous ? [previous, current] : [current],
  );
  return { key: current, ...(previous && { previousKey: previous }), publicKeys };
}

function parsed(key: KeyObject): CheckpointKey {
  return parseCheckpointKey(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

/** The key in this file, which is made when it is not there, in a directory that is. Of several starts at once one makes it. */
export async function keyKeptAt(path: string): Promise<CheckpointKey> {
  if (await isThere(path)) return await loadCheckpointKey(path);
  try {
    return await createCheckpointKeyFiles(path);
  } catch (error) {
    if (await isThere(path)) return await loadCheckpointKey(path);
    throw error;
  }
}

async function rememberKeys(
  path: string,
  inUse: readonly CheckpointPublicKey[],
): Promise<readonly CheckpointPublicKey[]> {
  const known = await keysRemembered(path);
  const fresh = inUse.filter(({ kid }) => !known.some((one) => one.kid === kid));
  const pem = fresh.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })).join('');
  if (pem !== '') await appendFile(path, pem, { mode: 0o644, flush: true });
  return [...known, ...fresh];
}

/** Each once: of several first starts at once more than one may have written the same key. */
async function keysRemembered(path: string): Promise<readonly CheckpointPublicKey[]> {
  const pem = (await isThere(path)) ? await readFile(path, 'utf8') : '';
  // Another start has made the file and is about to write it.
  if (pem === '') return [];
  return [...new Map(parseCheckpointPublicKeys(pem).map((key) => [key.kid, key])).values()];
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
