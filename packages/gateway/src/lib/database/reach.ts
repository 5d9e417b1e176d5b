import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GuestpassError } from 'guestpass';
import { type Account, runProgram } from './program.ts';

/**
 * Root may enter every folder; the account the server runs as enters only those that are open to it, which neither
 * root's home nor a private data directory is. Returns the account as it is when it gets to all the paths, and else
 * with the one right of root that it then needs. Rejects with `config_invalid`, naming the folder, where that right
 * cannot be given.
 */
export async function withReach(account: Account, paths: readonly string[]): Promise<Account> {
  const closed = await firstClosed(account, paths);
  if (closed === undefined) return account;
  const by = starter(account);
  const { exitCode } = await runProgram('/bin/true', [], { ...account, by });
  if (exitCode !== 0) throw cannotEnter(closed);
  return { ...account, by };
}

/** The outermost folder on the way to one of the paths that the account may not enter. */
export async function firstClosed(account: Account, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const closed = await closedAbove(dirname(path), account);
    if (closed !== undefined) return closed;
  }
  return undefined;
}

async function closedAbove(folder: string, account: Account): Promise<string | undefined> {
  const above = dirname(folder);
  const closed = above === folder ? undefined : await closedAbove(above, account);
  return closed ?? ((await mayEnter(folder, account)) ? undefined : folder);
}

async function mayEnter(folder: string, { uid, gid }: Account): Promise<boolean> {
  const found = await stat(folder);
  const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
  return (found.mode & bit) !== 0;
}

function starter({ uid, gid }: Account): readonly string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  // The last one makes access(2), which initdb asks about its own programs, see the right as well.
  const right = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  return ['/usr/bin/setpriv', ...ids, ...right];
}

function cannotEnter(folder: string): GuestpassError {
  const detail = `PostgreSQL does not run as root, and its own account cannot enter the folder ${folder}.`;
  return new GuestpassError('config_invalid', detail, {
    remedy: `Open it (chmod o+x ${folder}), run as another user, move the project or its data directory, or set GUESTPASS_DATABASE_URL.`,
  });
}
