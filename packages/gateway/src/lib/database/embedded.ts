import { mkdir, realpath } from 'node:fs/promises';
import { type Clock, GuestpassError, sleep } from 'guestpass';
import pg from 'pg';
import { serverAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { clusterPath, ensureCluster, ownerName, readPassword } from './cluster.ts';
import { readPostmaster } from './postmaster.ts';
import { type Arrival, greet, type Presence } from './presence.ts';
import { type ServerSetup, startServer, stopServer } from './server.ts';
import { storageError } from './storage-error.ts';
import { superviseServer } from './supervise.ts';

export interface EmbeddedOptions {
  /** Where the database lives. Created on first use. Default `.guestpass/postgres` in the working directory. */
  readonly directory?: string;
  readonly clock: Clock;
  /** Told when the server ended under us, and of what keeps it from starting again. Default: nobody is. */
  readonly onProblem?: (error: unknown) => void;
}

/** A PostgreSQL of our own on this machine, listening on the loopback interface alone. */
export interface EmbeddedServer {
  /** Address of its database, password included: a secret. */
  readonly url: string;
  /** False when another process had started the server, and this one joined it. */
  readonly started: boolean;
  readonly directory: string;
  readonly port: number;
  /** Leaves the server. The last process that uses it ends it; what was committed is on the disk. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the server of a data directory, or joins it when it runs already: a second process is welcome, and so is the
 * first one after a crash that left the server behind. The first start of all creates the database (about a second);
 * later ones take about 50 ms. Rejects with `storage_unavailable`, within two seconds, when another server has the
 * directory and cannot be reached from here, and with `config_invalid` when this machine or directory cannot have one.
 * A server that ends while it is used is started again.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { clock, directory: wanted = '.guestpass/postgres', onProblem = () => {} } = options;
  await mkdir(wanted, { recursive: true, mode: 0o755 });
  const directory = await realpath(wanted);
  const binaries = await findBinaries();
  const account = await serverAccount({ cluster: clusterPath(directory), program: binaries.initdb });
  await ensureCluster(directory, binaries.initdb, account);
  const setup = { directory, binaries, account, clock };
  const password = await readPassword(directory);
  const { started, port, presence } = await startOrJoin(setup, password);
  // Those who use it know its address, so it comes back on the same port.
  const enter = async () => (await startOrJoin({ ...setup, port }, password)).presence;
  const supervision = superviseServer({ clock, presence, enter, onProblem });
  return {
    url: addressOf(port, password),
    started,
    directory,
    port,
    [Symbol.asyncDispose]: () => supervision.leave(),
  };
}

interface Entrance {
  readonly started: boolean;
  readonly port: number;
  readonly presence: Presence;
}

/** How long a directory may be in the hands of a server that does not answer, or answers no longer. */
const heldPatienceMs = 1_000;

/** How long a server may be busy starting or ending. */
const busyPatienceMs = 120_000;

async function startOrJoin(setup: ServerSetup, password: string): Promise<Entrance> {
  const { clock, directory } = setup;
  const since = clock.monotonic();
  let heardAt = since;
  let failures = 0;
  for (let started = false; ; ) {
    const running = await readPostmaster(clusterPath(directory));
    const greeting = running ? await enter(addressOf(running.port, password)) : undefined;
    if (setup.port !== undefined && running?.ready && running.port !== setup.port) throw moved(directory);
    if (running && greeting?.outcome === 'welcome') {
      return { started, port: running.port, presence: await presenceAt(setup, greeting.arrival) };
    }
    if (greeting?.outcome === 'refused') throw storageError(greeting.error);
    const now = clock.monotonic();
    if (now - since > busyPatienceMs) throw unreachable(directory);
    if (greeting?.outcome === 'later') heardAt = now;
    else {
      const start = await startServer(setup);
      started = start.outcome === 'ready';
      if (start.outcome === 'held' && now - heardAt > heldPatienceMs) throw unreachable(directory);
      if (start.outcome === 'failed') failures += 1;
      if (start.outcome === 'failed' && failures === 3) throw notStarted(directory, start.log);
    }
    if (!started) await sleep(clock, 25);
  }
}

/** A place whose end is that of the server it is at, and never that of the next one. */
async function presenceAt(setup: ServerSetup, { over, leave }: Arrival): Promise<Presence> {
  // Read behind the arrival: as long as the place is good, nobody else can have written it.
  const postmaster = await readPostmaster(clusterPath(setup.directory));
  const end = async () => {
    if (postmaster) await stopServer(setup, postmaster);
  };
  return { over, leave: () => leave(end) };
}

/** Takes a place in our database, which the first one to come creates. */
async function enter(url: string): ReturnType<typeof greet> {
  const greeting = await greet(url);
  if (greeting.outcome !== 'refused' || codeOf(greeting.error) !== '3D000') return greeting;
  await createDatabase(url);
  return await greet(url);
}

async function createDatabase(url: string): Promise<void> {
  const elsewhere = new URL(url);
  elsewhere.pathname = '/postgres';
  const client = new pg.Client({ connectionString: elsewhere.href, connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`create database ${ownerName}`);
  } catch (error) {
    // Another process was faster: duplicate_database, or its unique violation while both are under way.
    if (codeOf(error) !== '42P04' && codeOf(error) !== '23505') throw storageError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

function addressOf(port: number, password: string): string {
  return `postgres://${ownerName}:${password}@127.0.0.1:${port}/${ownerName}?sslmode=disable`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unreachable(directory: string): GuestpassError {
  const detail = `Another PostgreSQL server has the data directory ${directory} and does not answer here.`;
  return new GuestpassError('storage_unavailable', detail, {
    retryable: false,
    remedy: 'End that server, or give each container its own directory or one common GUESTPASS_DATABASE_URL.',
  });
}

function moved(directory: string): GuestpassError {
  return new GuestpassError('storage_unavailable', `The database in ${directory} is on another port now.`, {
    remedy: 'Start this process again.',
  });
}

function notStarted(directory: string, log: string): GuestpassError {
  return new GuestpassError('storage_unavailable', `The database in ${directory} does not start: ${log}.`, {
    retryable: false,
    remedy: 'Read server.log there; the data has not been touched.',
  });
}
