import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGatewayConfig } from './config.ts';
import { startService } from './service.ts';
import { type TestDatabase, testDatabase } from './testing/postgres.ts';

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), 'guestpass-service-'));
});

afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const configOf = (variables: Readonly<Record<string, string>> = {}) =>
  readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_DATABASE_URL: database.url,
      GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
      GUESTPASS_PORT: '0',
      GUESTPASS_OPERATOR_PORT: '0',
      GUESTPASS_DRAIN_DELAY_MS: '0',
      ...variables,
    },
    { readFile: () => expect.unreachable('no file is named') },
  );

function log() {
  const lines: string[] = [];
  const count = (message: string) => lines.filter((line) => JSON.parse(line).msg === message).length;
  return { lines, count, write: (line: string) => void lines.push(line) };
}

const connectionsOfOthers = `select count(*)::int as others from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()`;

const nothingOpen = () => expect.poll(() => database.query(connectionsOfOthers)).toEqual([{ others: 0 }]);

test('a service may be stopped twice, also at once, and tells of its end one time', async () => {
  const { write, count } = log();
  const service = await startService(configOf(), { version: '1.0.0', write });
  await Promise.all([service.stop(), service[Symbol.asyncDispose]()]);
  await service.stop();
  expect([count('stopping'), count('stopped')]).toEqual([1, 1]);
  await nothingOpen();
});

test('a service that cannot listen for operators leaves nothing open', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { write } = log();
  const starting = startService(configOf({ GUESTPASS_OPERATOR_PORT: String(port) }), { version: '1.0.0', write });
  await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await nothingOpen();
  await new Promise((resolve) => taken.close(resolve));
});

test('a deadline of an attempt may be as long as the settings allow', async () => {
  const { write } = log();
  await using service = await startService(configOf({ GUESTPASS_DEADLINE_MS: '120000' }), { version: '1.0.0', write });
  expect(service.gateway.url).toMatch(/^http:/);
});
