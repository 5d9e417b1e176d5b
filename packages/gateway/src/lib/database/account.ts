import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { GuestpassError } from 'guestpass';
import { type Account, runProgram } from './program.ts';
import { withReach } from './reach.ts';

/**
 * PostgreSQL refuses to run as root. Returns whom to run as instead: the owner of the cluster when there is one, else
 * the account `postgres`, which is created when it is missing. Returns `undefined` for everybody but root.
 */
export async function serverAccount(paths: ServerPaths): Promise<Account | undefined> {
  if (!runsAsRoot()) return undefined;
  const account = (await ownerOf(paths.cluster)) ?? (await lookUp()) ?? (await create());
  return await withReach(account, [paths.cluster, paths.program]);
}

export interface ServerPaths {
  readonly cluster: string;
  /** One of the programs; the others stand beside it. */
  readonly program: string;
}

const accountName = 'postgres';

function runsAsRoot(): boolean {
  try {
    return userInfo().uid === 0;
  } catch {
    // A user without an entry in the list of users is never root.
    return false;
  }
}

async function ownerOf(path: string): Promise<Account | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return uid === 0 ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

async function lookUp(): Promise<Account | undefined> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => runProgram('id', [flag, accountName])));
  if (uid?.exitCode !== 0 || gid?.exitCode !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}

async function create(): Promise<Account> {
  const shell = ['--shell', '/usr/sbin/nologin'];
  const made = await runProgram('useradd', ['--system', '--user-group', '--no-create-home', ...shell, accountName]);
  const account = await lookUp();
  if (account) return account;
  const detail = `PostgreSQL does not run as root, and no account could be made for it (${made.output}).`;
  throw new GuestpassError('config_invalid', detail, {
    remedy: `Create an account named ${accountName}, run as another user, or set GUESTPASS_DATABASE_URL.`,
  });
}
