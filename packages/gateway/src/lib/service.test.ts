import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCheckpointPublicKeys, readAuditLines, verifyAuditLog, verifyCheckpoints } from 'guestpass/audit';
import { generateWebhookSecret } from 'guestpass/webhook';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startService } from './service.ts';
import { readGatewayConfig } from './settings/config.ts';
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
      // Nobody is turned away because other tests have the processors.
      GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
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

test('the checkpoint key changes twice by configuration, and the first public key is enough to check by', async () => {
  const { write } = log();
  const keys = Array.from({ length: 3 }, () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  const lines: string[] = [];
  for (const [index, key] of keys.entries()) {
    const previous = keys[index - 1];
    const config = configOf({
      GUESTPASS_AUDIT_CHECKPOINT_KEY: key,
      ...(previous !== undefined && { GUESTPASS_AUDIT_PREVIOUS_CHECKPOINT_KEY: previous }),
    });
    const service = await startService(config, { version: '1.0.0', write });
    const head = () => service.gateway.audit.head();
    await expect.poll(async () => (await head()).sequence).toBe(index);
    await service.stop();
  }
  const service = await startService(configOf({ GUESTPASS_AUDIT_CHECKPOINT_KEY: keys[2] ?? '' }), {
    version: '1.0.0',
    write,
  });
  for await (const { line } of service.gateway.audit.read()) lines.push(line);
  await service.stop();

  const kids = parseCheckpointPublicKeys(await readFile(join(directory, 'checkpoint-keys.pem'), 'utf8'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { eventType: 'WEBMESSAGING_AUDIT_KEY_CHANGED', from: kids[0]?.kid, to: kids[1]?.kid },
    { eventType: 'WEBMESSAGING_AUDIT_KEY_CHANGED', from: kids[1]?.kid, to: kids[2]?.kid },
  ]);
  const publicKeys = kids.slice(0, 1);
  const files = () => [readAuditLines(join(directory, 'checkpoints.jsonl'))];
  const proof = await verifyAuditLog(lines, { checkpoints: { files: files(), publicKeys } });
  expect(proof).toMatchObject({ ok: true, records: 2, checkpoints: { upTo: 2 } });
  const second = await verifyCheckpoints(files()[0] ?? [], { publicKeys: kids.slice(1, 2) });
  expect(second).toMatchObject({ ok: false, kind: 'unknown_key' });
});

test('the page of error codes that is configured is linked on both listeners', async () => {
  const { write } = log();
  const docsUrl = 'https://docs.example/errors';
  await using service = await startService(configOf({ GUESTPASS_DOCS_URL: docsUrl }), { version: '1.0.0', write });
  const typeAt = async (url: string) => Object(await (await fetch(url)).json()).type;
  expect(await typeAt(`${service.gateway.url}/nowhere`)).toBe(`${docsUrl}#not_found`);
  expect(await typeAt(`${service.operatorUrl}/v1/attempts`)).toBe(`${docsUrl}#unauthorized_operator`);
});

test('the log names the trace of a request, with an attempt and without', async () => {
  const { lines, write } = log();
  await using service = await startService(configOf(), { version: '1.0.0', write });
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const ask = (body: string, more: Readonly<Record<string, string>> = {}) =>
    fetch(`${service.gateway.url}/v1/guests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...more },
      body,
    });
  const stale = { channelId: 'demo', consent: { accepted: true, timestamp: '2020-01-01T00:00:00Z' } };
  await ask(JSON.stringify(stale), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  await ask('{');
  const told = lines.map((line) => JSON.parse(line)).filter(({ requestId }) => requestId !== undefined);
  expect(told).toMatchObject([
    { msg: 'attempt ended', outcome: 'refused', traceId },
    { msg: 'request refused', code: 'body_invalid', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
  ]);
  expect(told[1].traceId).not.toBe(traceId);
});

/** A receiver that always answers the same. */
async function receiver(status: number) {
  const server = createHttpServer((request, response) =>
    request.resume().on('end', () => response.writeHead(status).end()),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on a port.
  const settings = {
    GUESTPASS_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
    GUESTPASS_WEBHOOK_SECRET: generateWebhookSecret(),
    GUESTPASS_WEBHOOK_NETWORKS: '127.0.0.1',
    GUESTPASS_INSECURE_WEBHOOKS: 'true',
  };
  return { settings, [Symbol.asyncDispose]: async () => void server.close().closeAllConnections() };
}

/** A guest who is refused, of which receivers are told. */
async function refusedGuest(url: string): Promise<void> {
  const stale = { channelId: 'demo', consent: { accepted: true, timestamp: '2020-01-01T00:00:00Z' } };
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/v1/guests`, { method: 'POST', headers, body: JSON.stringify(stale) });
}

test('webhooks are tried as often as the schedule says', async () => {
  await using busy = await receiver(503);
  const { lines, write } = log();
  const config = configOf({ ...busy.settings, GUESTPASS_WEBHOOK_SCHEDULE: '0s' });
  await using service = await startService(config, { version: '1.0.0', write });
  await refusedGuest(service.gateway.url);
  const tried = () => lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'delivery tried');
  await expect.poll(tried, { timeout: 5_000 }).toMatchObject([{ try: 1, status: 503, state: 'dead' }]);
});

test('the log says once what to do about a receiver that refuses its webhooks', async () => {
  await using closed = await receiver(401);
  const { lines, write, count } = log();
  const config = configOf({ ...closed.settings, GUESTPASS_WEBHOOK_SCHEDULE: '0s,1s' });
  await using service = await startService(config, { version: '1.0.0', write });
  await refusedGuest(service.gateway.url);
  await expect.poll(() => count('delivery tried'), { timeout: 10_000 }).toBe(2);
  const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'a receiver refuses its webhooks');
  expect(told).toMatchObject([{ level: 'warn', status: 401, remedy: expect.stringContaining('secret') }]);
}, 15_000);

test('the log tells what operators change and who is turned away, and at each start that webhooks may go in the clear', async () => {
  const { lines, write, count } = log();
  const config = configOf({ GUESTPASS_INSECURE_WEBHOOKS: 'true' });
  await using service = await startService(config, { version: '1.0.0', write });
  const ask = async (method: string, path: string, token = service.freshToken) => {
    const headers = { authorization: `Bearer ${token}`, 'x-request-id': 'request-of-an-operator' };
    await (await fetch(`${service.operatorUrl}${path}`, { method, headers })).arrayBuffer();
  };
  await ask('GET', '/v1/attempts');
  await ask('POST', '/v1/audit/verifications');
  for (let index = 0; index < 3; index += 1) await ask('GET', '/v1/attempts', 'canary-guess');
  expect(count('webhooks may be sent in the clear')).toBe(1);
  const acted = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'operator acted');
  const of = { requestId: 'request-of-an-operator', network: '127.0.0.0/24' };
  expect(acted).toMatchObject([
    { ...of, action: 'verifyAuditLog', status: 200 },
    { ...of, action: 'turned away', status: 401 },
  ]);
  expect(lines.join('')).not.toContain('canary');
});
