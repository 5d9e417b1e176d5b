import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Clock, sleep } from 'guestpass';
import type { Binaries } from './binaries.ts';
import { clusterPath } from './cluster.ts';
import { isLeftBehind, lastPort, type Postmaster, readPostmaster } from './postmaster.ts';
import { type Account, commandAs, runProgram } from './program.ts';

export interface ServerSetup {
  readonly directory: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly clock: Clock;
  /** The port it must have. Default that of the last one when nobody has it, else any. */
  readonly port?: number;
}

/** `ready`: it takes connections. `held`: another server has the data directory. `failed`: it ended, and said why. */
export type Start =
  | { readonly outcome: 'ready'; readonly port: number }
  | { readonly outcome: 'held' }
  | { readonly outcome: 'failed'; readonly log: string };

/**
 * Starts the server on a free port of the loopback interface and waits until it takes connections. It is a process of
 * its own: neither the end of this process nor an interrupt from the terminal ends it.
 */
export async function startServer(setup: ServerSetup): Promise<Start> {
  const { directory, account } = setup;
  const cluster = clusterPath(directory);
  const port = setup.port ?? (await freePort(await lastPort(cluster)));
  const lock = join(directory, 'lock');
  await (await open(lock, 'a', 0o644)).close();
  const locked = await underLock(lock, await commandFor(setup, port));
  const { path, args, ids } = commandAs(account, locked.path, locked.args);

  const log = await openLog(directory);
  try {
    // Behind what others wrote: who comes too late for the lock must not wipe out what the server says that has it.
    const { size } = await log.stat();
    const stdio = ['ignore', log.fd, log.fd] as const;
    const server = spawn(path, [...args], { ...ids, cwd: '/', detached: true, stdio: [...stdio] });
    server.unref();
    const exitCode = await readyOrEnded(server, setup);
    if (exitCode === undefined) return { outcome: 'ready', port };
    if (exitCode === heldExitCode) return { outcome: 'held' };
    return { outcome: 'failed', log: await lastLines(log, size) };
  } finally {
    await log.close();
  }
}

/**
 * Ends this server: open transactions are rolled back, everything committed is on the disk. The process is meant and not
 * the directory, where the next server may have started as soon as this one is gone.
 */
export async function stopServer(setup: ServerSetup, running: Postmaster): Promise<void> {
  const { directory, binaries, account, clock } = setup;
  const cluster = clusterPath(directory);
  const isThere = async () => (await readPostmaster(cluster))?.pid === running.pid;
  // Its number may be somebody else's when its file is gone.
  if (!(await isThere())) return;
  const deadline = clock.monotonic() + stopPatienceMs;
  const signal = (name: string) => runProgram(binaries.control, ['kill', name, `${running.pid}`], account);
  // Fast shutdown, and then immediate shutdown. A server that was killed left its file behind.
  if ((await signal('INT')).exitCode !== 0) return;
  while ((await isThere()) && !(await isLeftBehind(cluster))) {
    if (clock.monotonic() > deadline) return void (await signal('QUIT'));
    await sleep(clock, 10);
  }
}

const stopPatienceMs = 15_000;

interface Program {
  readonly path: string;
  readonly args: readonly string[];
  /** A file to remove first, once the lock is held. */
  readonly leftBehind?: string;
}

async function commandFor({ directory, binaries }: ServerSetup, port: number): Promise<Program> {
  const cluster = clusterPath(directory);
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    'max_connections=100',
    // A statement or a key in the server's log could hold what belongs in no log.
    'log_min_error_statement=panic',
    'log_error_verbosity=terse',
  ];
  return {
    path: binaries.postgres,
    args: ['-D', cluster, '-p', `${port}`, ...settings.flatMap((setting) => ['-c', setting])],
    ...((await isLeftBehind(cluster)) && { leftBehind: join(cluster, 'postmaster.pid') }),
  };
}

const heldExitCode = 75;

/**
 * PostgreSQL guards its data directory by process numbers, which say nothing across containers that share a volume. A
 * lock of the kernel does, ends with the server, and is taken here where the program for it exists.
 */
async function underLock(lock: string, command: Program): Promise<Program> {
  if (!(await exists('/usr/bin/flock'))) return command;
  const { path, args, leftBehind } = command;
  const remove = 'rm -f "$1"; shift; exec "$@"';
  const program = leftBehind === undefined ? [path] : ['/bin/sh', '-c', remove, 'sh', leftBehind, path];
  const options = ['--nonblock', '--no-fork', '--conflict-exit-code', `${heldExitCode}`];
  return { path: '/usr/bin/flock', args: [...options, lock, ...program, ...args] };
}

/** Resolves with `undefined` once the server takes connections, and with its exit code when it ends before that. */
async function readyOrEnded(server: ChildProcess, { directory, clock }: ServerSetup): Promise<number | undefined> {
  let exitCode: number | undefined;
  server.once('error', () => {
    exitCode = 127;
  });
  server.once('exit', (code) => {
    exitCode = code ?? -1;
  });
  const deadline = clock.monotonic() + startPatienceMs;
  while (clock.monotonic() < deadline) {
    if (exitCode !== undefined) return exitCode;
    const postmaster = await readPostmaster(clusterPath(directory));
    if (postmaster?.ready && postmaster.pid === server.pid) return undefined;
    await sleep(clock, 10);
  }
  return exitCode ?? -1;
}

/** Recovery after a crash of a busy server takes its time. */
const startPatienceMs = 60_000;

/** The wanted port when nobody has it, else any free one. Another process may take it before the server does. */
function freePort(wanted: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted === undefined ? reject(error) : resolve(freePort(undefined))));
    probe.listen({ host: '127.0.0.1', port: wanted ?? 0 }, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Begun anew once it is long, so that the logs of the last servers are there and the disk is not full of them. */
async function openLog(directory: string): Promise<FileHandle> {
  const log = await open(join(directory, 'server.log'), 'a+', 0o600);
  if ((await log.stat()).size > longestLogBytes) await log.truncate();
  return log;
}

const longestLogBytes = 1_048_576;

/** What the file says last, of what was written from here on. */
async function lastLines(log: FileHandle, from: number): Promise<string> {
  const buffer = Buffer.alloc(65_536);
  const { size } = await log.stat();
  const { bytesRead } = await log.read({ buffer, position: Math.max(from, size - buffer.length) });
  return buffer
    .subarray(0, bytesRead)
    .toString()
    .trim()
    .split('\n')
    .slice(-3)
    .join(' ')
    .replaceAll(/[\p{Cc}]/gu, ' ');
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
