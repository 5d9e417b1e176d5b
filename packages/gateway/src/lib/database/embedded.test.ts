import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from 'guestpass';
import { type ManualClock, manualClock } from 'guestpass/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverAccount } from './account.ts';
import { findBinaries, linkLibraries } from './binaries.ts';
import { openEmbedded } from './embedded.ts';
import { readPostmaster } from './postmaster.ts';
import { firstClosed } from './reach.ts';
import { startServer, stopServer } from './server.ts';

let scratch: string;
/** Used by the tests for which an existing database will do. */
let directory: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'guestpass-embedded-'));
  await chmod(scratch, 0o755);
  directory = join(scratch, 'common');
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

const open = (place = directory) => openEmbedded({ directory: place, clock: systemClock });

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Another Node process that opens the same directory and stays until it is killed or its input ends. */
async function holder(): Promise<ChildProcess> {
  const from = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const program = `
    const { openEmbedded } = await import(${from('./embedded.ts')});
    const { systemClock } = await import('guestpass');
    const server = await openEmbedded({ directory: ${JSON.stringify(directory)}, clock: systemClock });
    process.stdout.write('open');
    for await (const _ of process.stdin);
    await server[Symbol.asyncDispose]();`;
  const args = ['--conditions=guestpass-source', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function postmasterPid(): Promise<number> {
  const file = await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8');
  return Number(file.split('\n')[0]);
}

/** How many use the server of an address. */
async function presences(url: string): Promise<number> {
  return (await query(url, "select from pg_stat_activity where application_name = 'guestpass presence'")).length;
}

/** Waits until the server of an address takes connections again. */
async function isBack(url: string): Promise<void> {
  while (
    !(await query(url, 'select 1').then(
      () => true,
      () => false,
    ))
  );
}

/** Lets time pass until something has happened that also takes real time. */
async function turnUntil(clock: ManualClock, happened: Promise<void>): Promise<void> {
  let isOver = false;
  const over = happened.finally(() => {
    isOver = true;
  });
  while (!isOver) await clock.advance(1);
  await over;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The server removes its file as the last thing it does. */
async function hasServer(): Promise<boolean> {
  return await stat(join(directory, 'cluster', 'postmaster.pid')).then(
    () => true,
    () => false,
  );
}

test('the first start creates a durable database on the loopback interface, the next one finds it again', async () => {
  await using first = await open();
  expect(first.started).toBe(true);
  expect(await query(first.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  expect(await query(first.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  await query(first.url, 'create table kept (it int)');
  await first[Symbol.asyncDispose]();

  await using second = await open();
  expect(second.started).toBe(true);
  expect(second.port).toBe(first.port);
  expect(await query(second.url, 'select count(*)::int as tables from kept')).toEqual([{ tables: 0 }]);
});

test('the password is random and only its owner may read it', async () => {
  await using server = await open();
  const file = join(directory, 'cluster', 'guestpass-password');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(new URL(server.url).password).toBe(await readFile(file, 'utf8'));
  expect(new URL(server.url).password.length).toBeGreaterThanOrEqual(32);
  const other = new URL(server.url);
  other.password = 'guess';
  await expect(query(other.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('a second process joins the running server, and the last one to leave ends it', async () => {
  const other = await holder();
  await using server = await open();
  expect(server.started).toBe(false);

  other.stdin?.end();
  await ended(other);
  expect(await query(server.url, 'select 1 as still')).toEqual([{ still: 1 }]);

  await server[Symbol.asyncDispose]();
  expect(await hasServer()).toBe(false);
});

test('whoever starts while the last one leaves has a server that stays', async () => {
  let leaving = await open();
  for (const waitMs of [0, 5, 20, 50]) {
    const begun = performance.now();
    const left = leaving[Symbol.asyncDispose]();
    await sleep(systemClock, waitMs);
    const next = await open();
    const pid = await postmasterPid();
    expect(await query(next.url, 'select 1 as fine')).toEqual([{ fine: 1 }]);
    await left;
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await postmasterPid()).toBe(pid);
    leaving = next;
  }
  await leaving[Symbol.asyncDispose]();
  expect(await hasServer()).toBe(false);
}, 60_000);

test('starts of one new directory at the same time share one server', async () => {
  const place = join(scratch, 'new');
  const servers = await Promise.all([open(place), open(place), open(place)]);
  expect(servers.filter(({ started }) => started)).toHaveLength(1);
  expect(new Set(servers.map(({ url }) => url)).size).toBe(1);
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
});

test('after kill -9 of the process that started it the server is joined', async () => {
  const victim = await holder();
  const pid = await postmasterPid();
  victim.kill('SIGKILL');
  await ended(victim);

  const begun = performance.now();
  await using server = await open();
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(server.started).toBe(false);
  expect(await postmasterPid()).toBe(pid);
  // The server needs a moment to see that the other one is gone.
  while ((await presences(server.url)) > 1);
  await server[Symbol.asyncDispose]();
  expect(await hasServer()).toBe(false);
});

test('after kill -9 of the server itself the next start recovers what was committed', async () => {
  await using server = await open();
  await query(server.url, 'create table survives (it int)');
  process.kill(await postmasterPid(), 'SIGKILL');
  await server[Symbol.asyncDispose]();

  await using next = await open();
  expect(next.started).toBe(true);
  expect(await query(next.url, 'select * from survives')).toEqual([]);
});

test('a server that is killed under its users is started again on its port, with all that was committed', async () => {
  const problems: unknown[] = [];
  const watched = { directory, clock: systemClock, onProblem: (problem: unknown) => problems.push(problem) };
  await using server = await openEmbedded(watched);
  await using joined = await openEmbedded(watched);
  await query(server.url, 'create table outlives (it int)');
  const pid = await postmasterPid();
  process.kill(pid, 'SIGKILL');

  await isBack(server.url);
  expect(await query(server.url, 'select * from outlives')).toEqual([]);
  expect(await postmasterPid()).not.toBe(pid);
  expect(problems[0]).toMatchObject({ code: 'storage_unavailable' });

  await server[Symbol.asyncDispose]();
  expect(await query(joined.url, 'select 1 as still')).toEqual([{ still: 1 }]);
  await joined[Symbol.asyncDispose]();
  expect(await hasServer()).toBe(false);
});

test('whoever is back first and leaves does not take the server from those who are on their way back', async () => {
  const late = manualClock();
  await using server = await open();
  const joined = await openEmbedded({ directory, clock: late });
  process.kill(await postmasterPid(), 'SIGKILL');
  await isBack(server.url);
  const pid = await postmasterPid();

  await turnUntil(late, server[Symbol.asyncDispose]());
  expect(await postmasterPid()).toBe(pid);
  expect(await query(joined.url, 'select 1 as still')).toEqual([{ still: 1 }]);
  await turnUntil(late, joined[Symbol.asyncDispose]());
  expect(await hasServer()).toBe(false);
});

test('ending a server that was killed leaves the next one alone', async () => {
  const first = await open();
  const cluster = join(directory, 'cluster');
  const killed = (await readPostmaster(cluster)) ?? expect.fail();
  process.kill(killed.pid, 'SIGKILL');
  await first[Symbol.asyncDispose]();

  await using server = await open();
  const binaries = await findBinaries();
  const account = await serverAccount({ cluster, program: binaries.initdb });
  await stopServer({ directory, binaries, account, clock: systemClock }, killed);
  expect(await query(server.url, 'select 1 as still')).toEqual([{ still: 1 }]);
});

test('a start that comes too late leaves what the running server has logged', async () => {
  await using server = await open();
  const log = () => readFile(join(directory, 'server.log'), 'utf8');
  const before = await log();
  expect(before).toContain('ready to accept connections');
  const binaries = await findBinaries();
  const account = await serverAccount({ cluster: join(directory, 'cluster'), program: binaries.initdb });
  expect(await startServer({ directory, binaries, account, clock: systemClock })).toEqual({ outcome: 'held' });
  expect((await log()).startsWith(before)).toBe(true);
  expect(await query(server.url, 'select 1 as still')).toEqual([{ still: 1 }]);
});

test('a server that does not start says why, and its log is begun anew once it is long', async () => {
  const place = join(scratch, 'broken');
  await (await open(place))[Symbol.asyncDispose]();
  const log = join(place, 'server.log');
  await writeFile(log, 'old\n'.repeat(300_000));
  const settings = join(place, 'cluster', 'postgresql.conf');
  await writeFile(settings, 'no_such_setting = 1\n');
  const why = /does not start: .*"no_such_setting".*contains errors/;
  await expect(open(place)).rejects.toMatchObject({ code: 'storage_unavailable', detail: expect.stringMatching(why) });
  expect(await readFile(log, 'utf8')).not.toContain('old');
});

test('whoever starts while the last one leaves waits as long as that takes', async () => {
  const leaving = await open();
  const writers = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
  const pid = Number((await query(leaving.url, writers))[0]?.pid);
  process.kill(pid, 'SIGSTOP');
  const left = leaving[Symbol.asyncDispose]();
  // Holds the directory for a moment more, as the last processes of a large server do.
  const straggler = spawn('/usr/bin/flock', [join(directory, 'lock'), 'sleep', '0.2']);
  const next = open();
  await sleep(systemClock, 1_200);
  process.kill(pid, 'SIGCONT');

  await using server = await next;
  expect(await query(server.url, 'select 1 as fine')).toEqual([{ fine: 1 }]);
  await left;
  await ended(straggler);
});

test('a file that a killed start left empty does not stop the next one', async () => {
  await (await open())[Symbol.asyncDispose]();
  await writeFile(join(directory, 'cluster', 'postmaster.pid'), '');
  await using server = await open();
  expect(server.started).toBe(true);
});

test('the file of a dead server whose number another process has now does not stop the next start', async () => {
  await (await open())[Symbol.asyncDispose]();
  const stale = [process.pid, join(directory, 'cluster'), 0, 1, '', '127.0.0.1', '  1  1', 'ready   ', ''].join('\n');
  await writeFile(join(directory, 'cluster', 'postmaster.pid'), stale);
  await using server = await open();
  expect(server.started).toBe(true);
});

test('a directory held by a server that does not answer is refused in less than two seconds', async () => {
  await using server = await open();
  const pid = await postmasterPid();
  process.kill(pid, 'SIGSTOP');
  try {
    const begun = performance.now();
    await expect(open()).rejects.toMatchObject({
      code: 'storage_unavailable',
      retryable: false,
      detail: expect.stringContaining(server.directory),
    });
    expect(performance.now() - begun).toBeLessThan(2_000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('what a start left unfinished is cleared away and the directory used', async () => {
  const place = join(scratch, 'unfinished');
  await mkdir(join(place, 'unfinished-abc'), { recursive: true });
  await using _server = await open(place);
  await expect(stat(join(place, 'unfinished-abc'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a folder that the account of the server cannot enter does not stop root, and is found', async () => {
  const closed = join(scratch, 'closed');
  await mkdir(closed, { mode: 0o700 });
  {
    await using server = await open(join(closed, 'postgres'));
    expect(await query(server.url, 'select 1 as works')).toEqual([{ works: 1 }]);
  }
  const account = { uid: 54_321, gid: 54_321 };
  expect(await firstClosed(account, [join(closed, 'postgres', 'cluster')])).toBe(closed);
  await chmod(closed, 0o711);
  expect(await firstClosed(account, [join(closed, 'cluster')])).toBeUndefined();
});

test('library links that the install script did not make are made', async () => {
  const native = join(scratch, 'native');
  await mkdir(join(native, 'lib'), { recursive: true });
  await writeFile(join(native, 'lib', 'libpq.so.5.18'), 'library');
  const links = ['libpq.so', 'libpq.so.5'].map((name) => ({
    source: 'native/lib/libpq.so.5.18',
    target: `native/lib/${name}`,
  }));
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
  await symlink('libpq.so.5.18', join(native, 'lib', 'libpq.so'));

  await linkLibraries(native);
  expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
  expect(await readFile(join(native, 'lib', 'libpq.so'), 'utf8')).toBe('library');
});
