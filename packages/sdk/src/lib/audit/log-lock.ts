import { readFile, realpath, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { GuestpassError } from '../errors.ts';
import { isRunning, ownPid } from '../process.ts';
import { clearDrafts, createWhole } from './whole-file.ts';

/** The right to write one log. */
export interface LogLock {
  release(): Promise<void>;
}

/**
 * Takes `<path>.lock` for this process, also from an owner on this host that has died; for a link, that of the file
 * it leads to. Rejects with `storage_unavailable` when the owner lives, or cannot be asked.
 */
export async function lockLog(path: string): Promise<LogLock> {
  const owner = JSON.stringify(await ownerOf(ownPid()));
  const file = await realPathOf(path);
  const lockPath = `${file}.lock`;
  await take(lockPath, owner, file);
  await clearDrafts(lockPath);
  return { release: () => rm(lockPath, { force: true }) };
}

/** One file has one lock, whatever name leads to it, and wherever this process goes to work later. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return join(await realpath(dirname(path)), basename(path));
  }
}

async function take(lockPath: string, owner: string, path: string): Promise<void> {
  for (;;) {
    const found = await textOf(lockPath);
    if (found === undefined) {
      if (await createWhole(lockPath, owner)) return;
      continue;
    }
    const holder = parseOwner(found);
    if (!holder || (await lives(holder))) throw heldBy(holder, path);

    // Only the holder of a lock on the lock removes a dead one, and looks again first: otherwise two that found it
    // dead could both go on, the slower one by removing the lock of the faster.
    const claimPath = `${lockPath}.lock`;
    await take(claimPath, owner, path);
    try {
      if ((await textOf(lockPath)) === found) await rm(lockPath);
    } finally {
      await rm(claimPath);
    }
  }
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells two processes with one number apart: numbers come again after a restart, in containers at once. */
  readonly birth: string | null;
}

async function ownerOf(pid: number): Promise<Owner> {
  return { pid, host: hostname(), birth: await birthOf(pid) };
}

/** Boot and start tick of a process where Linux tells them (proc(5)); `null` elsewhere, or when it is gone. */
async function birthOf(pid: number): Promise<string | null> {
  const [boot, stat] = await Promise.all([textOf('/proc/sys/kernel/random/boot_id'), textOf(`/proc/${pid}/stat`)]);
  // The command name may hold anything, so fields are counted from its closing parenthesis: `starttime` is the 22nd.
  const startTime = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return boot !== undefined && startTime !== undefined ? `${boot.trim()} ${startTime}` : null;
}

async function lives(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) return true;
  if (!isRunning(owner.pid)) return false;
  return owner.birth === null || owner.birth === (await birthOf(owner.pid));
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, birth } = JSON.parse(text);
    const known = Number.isSafeInteger(pid) && pid > 0 && typeof host === 'string';
    return known ? { pid, host, birth: typeof birth === 'string' ? birth : null } : undefined;
  } catch {
    return undefined;
  }
}

function heldBy(owner: Owner | undefined, path: string): GuestpassError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'somebody who left no name';
  return new GuestpassError('storage_unavailable', `The file ${path} is being written by ${who}.`, {
    retryable: false,
    remedy: `Give each process a file of its own; if that process is gone, remove ${path}.lock.`,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
