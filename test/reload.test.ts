import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, type Listening, type Simulator } from '@guestpass/simulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from './gateway/support/until.ts';

// Secrets change while a gateway serves: in mounted files as Kubernetes replaces them, and in `.env` with a signal.

const program = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');
const tokens = ['canary-operator-token-one-0123456789', 'canary-operator-token-two-0123456789'] as const;
const secrets = ['canary-client-secret-one', 'canary-client-secret-two'] as const;

let database: TestDatabase;
let directory: string;
let client: { id: string; secret: string; scopes: readonly string[] };
let simulator: Simulator;
let platform: Listening;

beforeEach(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), 'guestpass-reload-'));
  client = { id: 'client-1', secret: secrets[0], scopes: ['webmessaging:guest:create', 'openid'] };
  simulator = createSimulator({ clients: [client], requestsPerMinute: 1e9, tokenRequestsPerMinute: 1e9 });
  platform = await simulator.listen({ port: 0 });
});

afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  await platform.close();
  await simulator[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Those that a test could not end. */
const children: ChildProcess[] = [];
let mounts = 0;

/** New contents come in a new folder, and one link leads there from then on. */
async function mount(files: Readonly<Record<string, string>>): Promise<void> {
  mounts += 1;
  const version = `..version-${mounts}`;
  await mkdir(join(directory, 'secrets', version), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, 'secrets', version, name), `${text}\n`);
    const link = join(directory, 'secrets', name);
    await symlink(join('..data', name), link).catch(() => {});
  }
  await symlink(version, join(directory, 'secrets', '..data.new'));
  await rename(join(directory, 'secrets', '..data.new'), join(directory, 'secrets', '..data'));
}

/** All that a gateway near the simulator is told. */
function variables(env: Readonly<Record<string, string>>) {
  return {
    PATH: process.env.PATH,
    GUESTPASS_TARGET: 'simulator',
    GUESTPASS_ENVIRONMENT: platform.url,
    GUESTPASS_CLIENT_ID: client.id,
    GUESTPASS_CLIENT_SECRET_FILE: 'secrets/client-secret',
    GUESTPASS_OPERATOR_TOKEN_FILE: 'secrets/operator-token',
    GUESTPASS_DATABASE_URL: database.url,
    GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    GUESTPASS_CAPTCHA_POLICY: 'optional',
    GUESTPASS_PORT: '0',
    GUESTPASS_OPERATOR_PORT: '0',
    // Nobody is turned away because other tests have the processors.
    GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
    GUESTPASS_RATE_PER_ADDRESS: '100000',
    GUESTPASS_RATE_PER_SUBNET: '100000',
    GUESTPASS_RATE_PER_CHANNEL: '100000',
    GUESTPASS_RATE_TOTAL: '100000',
    GUESTPASS_REQUESTS_PER_MINUTE: '1000000',
    GUESTPASS_DRAIN_DELAY_MS: '0',
    ...env,
  };
}

/** `guestpass serve` with its secrets in files, until it listens. */
async function serve(env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [program, 'serve'], {
    cwd: directory,
    env: variables(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = once(child, 'exit');
  const urls: Record<string, string> = {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    const { listener, url } = JSON.parse(line) as { listener?: string; url?: string };
    if (listener && url) urls[listener] = url;
  });
  await until(
    async () => [Object.keys(urls).length, ...said],
    ([known]) => known === 2,
    30_000,
  );
  const operatorUrl = urls.operator ?? '';
  const ask = (path: string, token: string) =>
    fetch(`${operatorUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return {
    child,
    url: urls.public ?? '',
    ask,
    /** The session of a browser that came with a token. */
    async signIn(token: string) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${operatorUrl}/v1/operator-sessions`, { method: 'POST', headers });
      return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    },
    statusWith: async (headers: Readonly<Record<string, string>>) =>
      (await fetch(`${operatorUrl}/v1/attempts`, { headers })).status,
    statusOf: async (token: string) => (await ask('/v1/attempts', token)).status,
    lines: (message: string) =>
      said
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === message),
    text: () => said.join('\n'),
    end: async () => {
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    },
  };
}

async function letIn(url: string): Promise<number> {
  const consent = { accepted: true, timestamp: new Date().toISOString() };
  const answer = await fetch(`${url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: 'demo', consent }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Four visitors who come again and again until told; what each was answered. */
function crowd(url: string) {
  const statuses: number[] = [];
  let staying = true;
  const visitors = Array.from({ length: 4 }, async () => {
    while (staying) statuses.push(await letIn(url));
  });
  return {
    statuses,
    leave: async () => {
      staying = false;
      await Promise.all(visitors);
    },
  };
}

test('client secret and operator token change in their files while guests come in, and nobody is turned away', async () => {
  await mount({ 'client-secret': secrets[0], 'operator-token': tokens[0] });
  const gateway = await serve();
  const guests = crowd(gateway.url);
  await until(
    async () => guests.statuses.length,
    (count) => count > 20,
    20_000,
  );
  expect(await gateway.statusOf(tokens[0])).toBe(200);
  const cookie = await gateway.signIn(tokens[0]);
  expect(await gateway.statusWith({ cookie })).toBe(200);
  const stream = await gateway.ask('/v1/stream', tokens[0]);

  client.secret = secrets[1];
  await mount({ 'client-secret': secrets[1], 'operator-token': tokens[1] });
  await until(
    async () => gateway.lines('configuration reloaded'),
    (lines) => lines.length > 0,
    10_000,
  );
  // Who listened by the old token listens no more.
  await stream.text();
  const before = guests.statuses.length;
  await until(
    async () => guests.statuses.length,
    (count) => count > before + 20,
    20_000,
  );
  await guests.leave();

  expect(guests.statuses.filter((status) => status !== 201)).toEqual([]);
  expect([await gateway.statusOf(tokens[0]), await gateway.statusOf(tokens[1])]).toEqual([401, 200]);
  expect(await gateway.statusWith({ cookie })).toBe(401);
  const issued = [
    ...(await (await gateway.ask('/metrics', tokens[1])).text()).matchAll(
      /operation="token",status_code="(\d+)"} (\d+)/g,
    ),
  ];
  expect(issued.map(([, status, count]) => [status, count])).toEqual([['200', '2']]);
  expect(gateway.lines('configuration reloaded')).toMatchObject([
    { cause: 'file', changed: ['GUESTPASS_CLIENT_SECRET', 'GUESTPASS_OPERATOR_TOKEN'], restart: [] },
  ]);
  const recorded = () =>
    database.query(`select line from guestpass.audit_records where event_type = 'WEBMESSAGING_SECRETS_CHANGED'`);
  const records = await until(recorded, (rows) => rows.length > 0, 10_000);
  expect(records.map(({ line }) => JSON.parse(String(line)))).toMatchObject([
    { cause: 'file', changed: ['GUESTPASS_CLIENT_SECRET', 'GUESTPASS_OPERATOR_TOKEN'] },
  ]);
  await gateway.end();
  expect(gateway.text() + JSON.stringify(records)).not.toContain('canary');
}, 60_000);

test('a file that is not usable changes nothing and is told of, until it is mended', async () => {
  await mount({ 'client-secret': secrets[0], 'operator-token': tokens[0] });
  const gateway = await serve();
  const metric = async (name: string) =>
    new RegExp(`^${name} (.*)$`, 'm').exec(await (await gateway.ask('/metrics', tokens[0])).text())?.[1];

  await mount({ 'client-secret': secrets[1], 'operator-token': 'canary-short' });
  const refused = 'configuration refused, the one before stays in force';
  await until(
    async () => gateway.lines(refused),
    (lines) => lines.length > 0,
    10_000,
  );
  expect(gateway.lines(refused)).toMatchObject([
    {
      level: 'error',
      code: 'config_invalid',
      cause: 'file',
      faults: [expect.stringMatching(/^GUESTPASS_OPERATOR_TOKEN_FILE must have at least 32 characters/)],
    },
  ]);
  expect([await gateway.statusOf(tokens[0]), await gateway.statusOf('canary-short')]).toEqual([200, 401]);
  // The secret beside it was sound, and is not taken alone: the platform still knows the old one.
  expect(await letIn(gateway.url)).toBe(201);
  expect(await metric('guestpass_config_last_reload_successful')).toBe('0');
  expect(await metric('guestpass_config_reloads_total{result="refused"}')).toBe('1');

  await mount({ 'client-secret': secrets[0], 'operator-token': tokens[0] });
  await until(
    async () => gateway.lines('configuration reloaded'),
    (lines) => lines.length > 0,
    10_000,
  );
  expect(await metric('guestpass_config_last_reload_successful')).toBe('1');
  await gateway.end();
  expect(gateway.text()).not.toContain('canary');
}, 60_000);

test('SIGHUP reads .env again, and names what waits for the next start', async () => {
  await mount({ 'client-secret': secrets[0], 'operator-token': tokens[0] });
  const captcha = (letter: string) => `GUESTPASS_RECAPTCHA_SECRET=canary-${letter.repeat(20)}\n`;
  await writeFile(join(directory, '.env'), captcha('a'));
  const gateway = await serve();
  await writeFile(join(directory, '.env'), `${captcha('b')}GUESTPASS_DOCS_URL=https://docs.example/errors\n`);
  gateway.child.kill('SIGHUP');
  await until(
    async () => gateway.lines('configuration reloaded'),
    (lines) => lines.length > 0,
    10_000,
  );
  expect(gateway.lines('configuration reloaded')).toMatchObject([
    { level: 'warn', cause: 'signal', changed: ['GUESTPASS_RECAPTCHA_SECRET'], restart: ['GUESTPASS_DOCS_URL'] },
  ]);
  expect(await letIn(gateway.url)).toBe(201);
  await gateway.end();
  expect(gateway.text()).not.toContain('canary');
}, 60_000);

test('what runs in a terminal ends with it, and reloads for as long as it is open', async () => {
  await mount({ 'client-secret': secrets[0], 'operator-token': tokens[0] });
  // A shell whose terminal is `script`, and closes when that ends.
  const command = 'echo $$ > pid; exec "$NODE" "$PROGRAM" serve > log';
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: directory,
    env: { ...variables({ GUESTPASS_RECAPTCHA_SECRET: 'a'.repeat(20) }), NODE: process.execPath, PROGRAM: program },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  children.push(terminal);
  const told = async (message: string) =>
    (await readFile(join(directory, 'log'), 'utf8').catch(() => ''))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === message);
  const seen = (message: string, times: number) =>
    until(
      () => told(message),
      ({ length }) => length === times,
      30_000,
    );
  await seen('listening', 2);
  process.kill(Number(await readFile(join(directory, 'pid'), 'utf8')), 'SIGHUP');
  expect(await seen('configuration reloaded', 1)).toMatchObject([{ cause: 'signal', changed: [] }]);

  terminal.kill('SIGKILL');
  await seen('stopped', 1);
  expect(await told('crashed')).toEqual([]);
  const [{ url }] = await told('listening');
  await expect(fetch(url)).rejects.toThrow('fetch failed');
}, 60_000);
