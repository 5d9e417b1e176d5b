import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';

/** What a running server tells of itself in its data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** True once it takes connections. */
  readonly ready: boolean;
}

/**
 * Reads `postmaster.pid`, or returns `undefined` when there is none, or none that is fully written. The file of a
 * server that was killed stays behind. Source: src/include/utils/pidfile.h of PostgreSQL.
 */
export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const lines = (await readText(join(cluster, 'postmaster.pid')))?.split('\n');
  const [pid, port] = [Number(lines?.[0]), Number(lines?.[3])];
  if (!lines || !Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return undefined;
  return { pid, port, ready: lines[7]?.trim() === 'ready' };
}

/** The port the last server of this cluster was given, so that the next one can have the same address. */
export async function lastPort(cluster: string): Promise<number | undefined> {
  const found = /"-p" "(\d{1,5})"/.exec((await readText(join(cluster, 'postmaster.opts'))) ?? '');
  return found ? Number(found[1]) : undefined;
}

/**
 * True when there is a file that surely belongs to no server that runs: no process here has its number, or another
 * program has it now. One that names no number is of a start that was killed while it wrote it, or of one under way,
 * which holds the lock of the kernel. Only Linux tells; elsewhere PostgreSQL judges alone.
 */
export async function isLeftBehind(cluster: string): Promise<boolean> {
  const text = await readText(join(cluster, 'postmaster.pid'));
  if (text === undefined || platform() !== 'linux') return false;
  const pid = Number.parseInt(text, 10);
  const command = pid > 0 ? await readText(`/proc/${pid}/cmdline`) : undefined;
  return command === undefined || !command.split('\0').includes(cluster);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
