import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, defaultWebhookSecret, type Simulator } from '@guestpass/simulator';
import { type Exchange, fetchExchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Network } from '../network.ts';
import { type Props, play } from '../testing/play.ts';

let simulator: Simulator;
let url: string;
let directory: string;

// A command is loaded when it is asked for, which the clock of a test knows nothing of.
beforeAll(async () => {
  await import('./doctor.ts');
});

beforeEach(async () => {
  simulator = createSimulator({ seed: 1, webhookSecret: defaultWebhookSecret });
  ({ url } = await simulator.listen());
  directory = await mkdtemp(join(tmpdir(), 'guestpass-doctor-'));
});

afterEach(async () => {
  await simulator[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly status: string; readonly message: string }[];
}

/** Runs the doctor near the simulator, and reads its document. */
async function examine(flags: readonly string[] = [], props: Props = {}) {
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url, ...props.env };
  const played = await play(['doctor', '--json', ...flags], { ...props, env });
  const report: Report = JSON.parse(played.out);
  return { ...played, report, found: (check: string) => report.checks.find((one) => one.check === check) };
}

/** A network on which nothing is, but what a test says. */
function network(parts: Partial<Network>): Network {
  const none = () => Promise.reject(Object.assign(new Error('nothing there'), { code: 'ENOTFOUND' }));
  return { resolve: none, shakeHands: none, stream: none, serve: none, ...parts };
}

test('a healthy place is told line by line, in one order, and nothing was changed', async () => {
  const props = { env: { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url } };
  const { code, out, err } = await play(['doctor'], props);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.match(/^[✓!✗·] [a-z ]+?(?= {2})/gm)).toEqual([
    '✓ node',
    '✓ settings',
    '· proxy',
    '✓ dns',
    '✓ tls',
    '✓ clock',
    '✓ token',
    '✓ guests path',
    '✓ rate budget',
    '· captcha',
    '· webhook',
    '· audit chain',
    '· disk',
    '· database',
  ]);
  expect(out).toMatch(/ {4}GUESTPASS_ENVIRONMENT +http:\/\/127.0.0.1:\d+ {3}\(GUESTPASS_ENVIRONMENT\)\n/);
  expect(out).toContain('scope webmessaging:guest:create openid');
  expect(out).toMatch(/\n\nNothing is wrong.\n$/);
  expect(out).not.toContain('sim-secret');
  expect(simulator.stats()).toMatchObject({ guestsCreated: 0, tokensIssued: 1 });
});

test('a secret shows as in `config show`, without a character of it', async () => {
  const secret = 'canary-client-secret-0123456789abcdef';
  const env = {
    GUESTPASS_TARGET: 'simulator',
    GUESTPASS_ENVIRONMENT: url,
    GUESTPASS_CLIENT_ID: 'id',
    GUESTPASS_CLIENT_SECRET: secret,
    GUESTPASS_OPERATOR_TOKEN_FILE: 'operator-token',
    GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const files = { 'operator-token': `canary-operator-token-0123456789abcdef\n` };
  const shown = async (argv: readonly string[]) => {
    const { out } = await play(argv, { env, files });
    expect(out).not.toMatch(/canary|cdef|Bwc=/);
    return [...out.matchAll(/(GUESTPASS_\w+) +(\*{3} sha256:[0-9a-f]{8})/g)]
      .map(([, name, print]) => [name, print])
      .sort();
  };
  const configured = await shown(['config', 'show']);
  expect(configured.map(([name]) => name)).toEqual([
    'GUESTPASS_CLIENT_SECRET',
    'GUESTPASS_MASTER_KEY',
    'GUESTPASS_OPERATOR_TOKEN',
  ]);
  expect(await shown(['doctor'])).toEqual(configured);
});

test('quiet tells what is wrong alone', async () => {
  const { code, out } = await play(['doctor', '-q'], {
    env: { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url },
    nodeVersion: '20.11.0',
  });
  expect(code).toBe(6);
  expect(out).toMatch(/^✗ node {2}Node.js 20.11.0 is too old.\n {4}Fix: Install 22.19 or later/);
  expect(out).not.toMatch(/^[✓·]/m);
});

test('settings that are not usable are all told, and what needs none is still looked at', async () => {
  const { code, report, found } = await examine([], { env: { GUESTPASS_RETRIES: 'x', GUESTPASS_PORT: 'y' } });
  expect(code).toBe(6);
  expect(report.ok).toBe(false);
  expect(found('settings')).toMatchObject({
    status: 'problem',
    details: { GUESTPASS_RETRIES: expect.any(String), GUESTPASS_PORT: expect.any(String) },
  });
  expect(found('node')).toMatchObject({ status: 'ok' });
  expect(found('token')).toBeUndefined();
});

test('a gateway that could not start is no reason not to look at the platform', async () => {
  const { found } = await examine([], { env: { GUESTPASS_DATABASE_URL: 'postgres://localhost/x' } });
  expect(found('settings')).toMatchObject({ status: 'problem', details: { GUESTPASS_MASTER_KEY: expect.any(String) } });
  expect(found('token')).toMatchObject({ status: 'ok' });
});

test('a wrong secret is a problem that is not repeated, and what needs a token says so', async () => {
  const { code, out, found } = await examine([], { env: { GUESTPASS_CLIENT_SECRET: 'hunter2-hunter2-hunter2' } });
  expect(code).toBe(6);
  expect(found('token')).toMatchObject({ status: 'problem', message: expect.stringContaining('credentials_rejected') });
  expect(found('guests path')).toMatchObject({ status: 'skipped' });
  expect(out).not.toContain('hunter2-');
});

test('a scope that was not granted is missed', async () => {
  simulator.faults.add({ operation: 'token', body: { merge: { scope: 'openid' } } });
  const { found } = await examine();
  expect(found('token')).toMatchObject({
    status: 'problem',
    message: expect.stringContaining('without the scope webmessaging:guest:create.'),
  });
});

test('a path that is not there is told with the issuer that needs none', async () => {
  const { found } = await examine([], { env: { GUESTPASS_GUESTS_PATH: '/api/v2/elsewhere' } });
  expect(found('guests path')).toMatchObject({ status: 'problem', fix: expect.stringContaining('web-messaging') });
});

test('a rate limit that was met is a warning, and no failure', async () => {
  simulator.faults.add({ operation: 'guest', status: 429 });
  const { code, found } = await examine();
  expect(found('rate budget')).toMatchObject({ status: 'warning' });
  expect(code).toBe(0);
});

test('a clock that is off is told, with how far and which way', async () => {
  const seen: string[] = [];
  const at = async (skewMs: number) => {
    const { found } = await examine([], { clock: { ...manualClock(Date.now() + skewMs) } });
    seen.push(`${found('clock')?.status} ${found('clock')?.message}`);
  };
  await at(0);
  await at(20_000);
  await at(-3_600_000);
  expect(seen).toEqual([
    expect.stringMatching(/^ok agrees/),
    expect.stringMatching(/^warning This machine is (?:19|20|21)\.\d s ahead of/),
    expect.stringMatching(/^problem This machine is (?:3599|360[01])\.\d s behind/),
  ]);
});

test('names without addresses and certificates that are not trusted are problems, ones that end soon a warning', async () => {
  const exchange: Exchange = fetchExchange(simulator.fetch);
  const clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  const env = {
    GUESTPASS_TARGET: 'genesys',
    GUESTPASS_ENVIRONMENT: 'usw2',
    GUESTPASS_CLIENT_ID: 'a',
    GUESTPASS_CLIENT_SECRET: 'b',
  };
  const shaking = (distrust: string | null, endsAtMs: number) =>
    network({
      resolve: async () => ['192.0.2.1'],
      shakeHands: async () => ({ protocol: 'TLSv1.3', distrust, endsAtMs }),
    });
  const nowhere = await examine([], { exchange, env, network: network({}) });
  expect(nowhere.found('dns')).toMatchObject({ status: 'problem', message: expect.stringContaining('(ENOTFOUND)') });
  const forged = await examine([], { exchange, env, clock, network: shaking('SELF_SIGNED_CERT_IN_CHAIN', 0) });
  expect(forged.found('tls')).toMatchObject({ status: 'problem', message: expect.stringContaining('SELF_SIGNED') });
  const ending = await examine([], { exchange, env, clock, network: shaking(null, clock.now() + 3 * 86_400_000) });
  expect(ending.found('tls')).toMatchObject({ status: 'warning', message: expect.stringContaining('in 3 days') });
});

test('a check that takes too long is given up, and the others are told', async () => {
  const clock = manualClock();
  const env = { GUESTPASS_TARGET: 'simulator' };
  const exchange: Exchange = () => new Promise(() => {});
  const { code, out } = await clock.settle(play(['doctor', '-q'], { clock, exchange, env }));
  expect(code).toBe(6);
  expect(out).toContain('✗ clock  Not done within 5 s.');
});

test('web messaging has its deployment and its origin looked at', async () => {
  const flags = ['--issuer', 'web-messaging', '--channel'];
  const active = await examine([...flags, 'demo']);
  expect(active.code).toBe(0);
  expect(active.found('deployment')).toMatchObject({ status: 'ok', message: 'config.json says Active' });
  expect(active.found('origin')).toMatchObject({ status: 'ok' });
  expect(simulator.stats()).toMatchObject({ sessionsStarted: 0, openSockets: 0 });

  const disabled = await examine([...flags, 'disabled']);
  expect(disabled.found('deployment')).toMatchObject({ status: 'problem' });
  expect(disabled.found('origin')).toMatchObject({ status: 'problem', message: expect.stringContaining('403') });

  expect((await examine([...flags, 'nobody'])).found('deployment')).toMatchObject({
    status: 'problem',
    message: expect.stringContaining('404'),
  });
  expect((await examine(flags.slice(0, 2))).found('deployment')).toMatchObject({ status: 'skipped' });
});

test('where guests sign in, the deployment must let them', async () => {
  const flags = ['--issuer', 'authenticated-web-messaging', '--channel', 'demo'];
  expect((await examine(flags)).found('deployment')).toMatchObject({
    status: 'problem',
    message: 'config.json says that guests cannot sign in.',
  });
  await using other = createSimulator({ seed: 1, deployments: { demo: { auth: {} } } });
  const env = { GUESTPASS_ENVIRONMENT: (await other.listen()).url };
  expect((await examine(flags, { env })).found('deployment')).toMatchObject({
    status: 'ok',
    message: 'config.json says Active, with sign-in',
  });
});

test('captcha providers are asked about an answer that was made up', async () => {
  const inside = fetchExchange(simulator.fetch);
  const ask = async (secret: string) => {
    const exchange: Exchange = (request) =>
      inside({
        ...request,
        url: request.url.replace('https://www.google.com/recaptcha/api', `${url}/captcha/recaptcha`),
      });
    return (await examine([], { exchange, env: { GUESTPASS_RECAPTCHA_SECRET: secret } })).found('recaptcha');
  };
  expect(await ask('sim-captcha-secret')).toMatchObject({ status: 'ok' });
  expect(await ask('another-captcha-secret')).toMatchObject({
    status: 'problem',
    message: 'does not know the secret.',
  });
});

test('the receiver of webhooks is asked only on demand, and must refuse a wrong signature', async () => {
  const env = {
    GUESTPASS_WEBHOOK_URL: `${url}/_idp/webhooks`,
    GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret,
    GUESTPASS_INSECURE_WEBHOOKS: 'true',
    GUESTPASS_WEBHOOK_NETWORKS: '127.0.0.0/8',
  };
  expect((await examine([], { env })).found('webhook')).toMatchObject({ status: 'skipped' });
  expect(simulator.stats()).toMatchObject({ idpRequests: 0 });
  expect((await examine(['--webhook'], { env })).found('webhook')).toMatchObject({ status: 'ok' });
  expect(simulator.stats()).toMatchObject({ idpRequests: 2, webhooksAccepted: 1 });

  const other = { ...env, GUESTPASS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}` };
  expect((await examine(['--webhook'], { env: other })).found('webhook')).toMatchObject({ status: 'problem' });
  simulator.faults.add({ operation: 'idp', status: 200, times: 2 });
  expect((await examine(['--webhook'], { env })).found('webhook')).toMatchObject({
    status: 'warning',
    message: 'The receiver takes a wrong signature.',
  });
});

test('the audit log is verified, and its disk looked at', async () => {
  const file = join(directory, 'audit.jsonl');
  expect((await examine(['--audit-file', file])).found('audit chain')).toMatchObject({ status: 'ok' });
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url };
  await play(['auth', '--channel', 'demo', '--consent', '--audit-file', file], { env });
  const whole = await examine(['--audit-file', file]);
  expect(whole.found('audit chain')).toMatchObject({ message: expect.stringMatching(/^whole: 2 records, head 2:/) });
  expect(whole.found('disk')).toMatchObject({ status: 'ok' });
  await writeFile(file, '{"sequence":1}\n');
  const { code, found } = await examine(['--audit-file', file]);
  expect(code).toBe(6);
  expect(found('audit chain')).toMatchObject({ status: 'problem', message: expect.stringContaining('line 1') });
});

test('a database of yours is reached and changed in nothing; one that is not there is a problem', async () => {
  const masterKey = { GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') };
  await using database = await testDatabase({ migrated: false });
  const reached = await examine([], { env: { ...masterKey, GUESTPASS_DATABASE_URL: database.url } });
  expect(reached.found('database')).toMatchObject({ status: 'ok', message: expect.stringContaining('not used') });
  const away = 'postgres://me:hunter2@127.0.0.1:1/none';
  const { code, out, found } = await examine([], { env: { ...masterKey, GUESTPASS_DATABASE_URL: away } });
  expect(code).toBe(6);
  expect(found('database')).toMatchObject({
    status: 'problem',
    message: expect.stringContaining('storage_unavailable'),
  });
  expect(out).not.toContain('hunter2');
});

test('an interruption ends the checks with 130', async () => {
  const user = new AbortController();
  const exchange: Exchange = () => {
    user.abort(new Error('interrupted'));
    return new Promise(() => {});
  };
  const played = await play(['doctor'], { exchange, signal: user.signal, env: { GUESTPASS_TARGET: 'simulator' } });
  expect(played).toEqual({ code: 130, out: '', err: '' });
});
