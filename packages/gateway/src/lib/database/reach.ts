import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GuestpassError } from 'guestpass';
import type { Account } from './program.ts';

/**
 * Rejects with `config_invalid`, naming the folder, when the account cannot get to one of the paths: an account other
 * than root enters only folders that are open to it.
 */
export async function requireReach(account: Account | undefined, paths: readonly string[]): Promise<void> {
  if (!account) return;
  for (const path of paths) {
    const closed = await firstClosed(dirname(path), account);
    if (closed !== undefined) throw cannotEnter(closed);
  }
}

async function firstClosed(folder: string, account: Account): Promise<string | undefined> {
  const above = dirname(folder);
  const closed = above === folder ? undefined : await firstClosed(above, account);
  return closed ?? ((await mayEnter(folder, account)) ? undefined : folder);
}

async function mayEnter(folder: string, { uid, gid }: Account): Promise<boolean> {
  const found = await stat(folder);
  const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
  return (found.mode & bit) !== 0;
}

function cannotEnter(folder: string): GuestpassError {
  const detail = `PostgreSQL does not run as root, and its own account cannot enter the folder ${folder}.`;
  return new GuestpassError('config_invalid', detail, {
    remedy: `Open it (chmod o+x ${folder}), run as another user, move the project or its data directory, or set GUESTPASS_DATABASE_URL.`,
  });
}
