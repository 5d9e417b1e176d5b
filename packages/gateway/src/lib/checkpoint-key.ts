import type { KeyObject } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CheckpointKey, createCheckpointKeyFiles, loadCheckpointKey, parseCheckpointKey } from 'guestpass/audit';

/** The key that was configured, or the one kept beside the checkpoints, which is made when it is not there. */
export async function checkpointKey(key: KeyObject | undefined, checkpointFile: string): Promise<CheckpointKey> {
  if (key) return parseCheckpointKey(key.export({ type: 'pkcs8', format: 'pem' }).toString());
  const path = join(dirname(checkpointFile), 'checkpoint-key.pem');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return (await isThere(path)) ? await loadCheckpointKey(path) : await createCheckpointKeyFiles(path);
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
