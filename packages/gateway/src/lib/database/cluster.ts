import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestpassError } from 'guestpass';
import { type Account, runProgram } from './program.ts';

/** The one user and the one database of the embedded server. */
export const ownerName = 'guestpass';

const passwordFile = 'guestpass-password';
const unfinished = 'unfinished-';

/** Where the cluster stands inside the data directory. */
export function clusterPath(directory: string): string {
  return join(directory, 'cluster');
}

/**
 * Creates the cluster on first use. It is made beside its place and moved there whole, so that a process killed in
 * between leaves nothing that looks like a cluster, and of two that start at once one wins and both use its result.
 */
export async function ensureCluster(directory: string, initdb: string, account?: Account): Promise<void> {
  if (await exists(clusterPath(directory))) return;
  const place = await mkdtemp(join(directory, unfinished));
  try {
    await fill(place, initdb, account);
    await rename(place, clusterPath(directory));
  } catch (error) {
    if (!(await exists(clusterPath(directory)))) throw error;
  } finally {
    await clear(directory);
  }
}

/** The password of the cluster's one user. Only who may read the cluster may use it. */
export async function readPassword(directory: string): Promise<string> {
  try {
    return await readFile(join(clusterPath(directory), passwordFile), 'utf8');
  } catch (cause) {
    throw new GuestpassError('config_invalid', `The password of the database in ${directory} cannot be read.`, {
      cause,
      remedy: 'Run as the user who created it, or choose another data directory.',
    });
  }
}

async function fill(place: string, initdb: string, account: Account | undefined): Promise<void> {
  const password = randomBytes(24).toString('base64url');
  const keep = `${place}.password`;
  await writeFile(keep, password, { mode: 0o600 });
  if (account) await Promise.all([place, keep].map((path) => chown(path, account.uid, account.gid)));
  const options = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions'];
  const args = [`--pgdata=${place}`, `--username=${ownerName}`, `--pwfile=${keep}`, ...options];
  const { exitCode, output } = await runProgram(initdb, args, account);
  if (exitCode !== 0) throw notCreated(place, output);
  await rename(keep, join(place, passwordFile));
}

/**
 * What others left unfinished is of no use once there is a cluster. One that is still being written to cannot be
 * removed; whoever writes it comes here too when it is done.
 */
async function clear(directory: string): Promise<void> {
  if (!(await exists(clusterPath(directory)))) return;
  const leftovers = (await readdir(directory)).filter((name) => name.startsWith(unfinished));
  const remove = (name: string) => rm(join(directory, name), { recursive: true, force: true });
  await Promise.allSettled(leftovers.map(remove));
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function notCreated(place: string, output: string): GuestpassError {
  const said = output.split('\n').slice(-3).join(' ');
  return new GuestpassError('config_invalid', `The database could not be created in ${place}: ${said}.`, {
    remedy: 'Choose a data directory on a disk with room that the server may write to.',
  });
}
