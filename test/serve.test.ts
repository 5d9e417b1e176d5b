import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createSimulator, defaultWebhookSecret, type Listening, type Simulator } from '@guestpass/simulator';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');
const operatorToken = 'operator-token-0123456789-0123456789-0123456789';
const masterKey = Buffer.alloc(32, 7).toString('base64');

let directory: string;
let simulator: Simulator;
let platform: Listening;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-serve-'));
  simulator = createSimulator({ webhookSecret: defaultWebhookSecret });
  platform = await simulator.listen({ port: 0 });
});

afterEach(async () => {
  await platform.close();
  await simulator[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the command with its own directory, and collects what it says. */
function guestpass(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
) {
  const child = spawn(process.execPath, [...nodeOptions, program, ...argv], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    said.out += `${line}\n`;
  });
  return { child, said, lines, ended: once(child, 'exit') };
}

/** Starts `guestpass serve` and waits until both listeners are told of. */
async function serve(nodeOptions: readonly string[] = []) {
  const env = {
    GUESTPASS_PORT: '0',
    GUESTPASS_OPERATOR_PORT: '0',
    // Nobody is turned away because other tests have the processors.
    GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
    GUESTPASS_OPERATOR_TOKEN: operatorToken,
    GUESTPASS_MASTER_KEY: masterKey,
    GUESTPASS_CAPTCHA_POLICY: 'optional',
    GUESTPASS_DRAIN_DELAY_MS: '0',
    GUESTPASS_WEBHOOK_URL: `${platform.url}/_idp/webhooks`,
    GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret,
    GUESTPASS_INSECURE_WEBHOOKS: 'true',
    GUESTPASS_WEBHOOK_NETWORKS: '127.0.0.0/8',
  };
  const running = guestpass(['serve', '--target', 'simulator', '--environment', platform.url], env, nodeOptions);
  const urls: Record<string, string> = {};
  for await (const line of running.lines) {
    const { listener, url } = JSON.parse(line) as { listener?: string; url?: string };
    if (listener && url) urls[listener] = url;
    if (urls.public && urls.operator) break;
  }
  return { ...running, publicUrl: urls.public ?? '', operatorUrl: urls.operator ?? '' };
}

const letIn = (url: string) =>
  fetch(`${url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      channelId: 'demo',
      consent: { accepted: true, timestamp: new Date().toISOString() },
    }),
  });

test('the gateway lets a guest in, tells operators and the identity provider, and leaves a log that verifies', async () => {
  const gateway = await serve();
  const answer = await letIn(gateway.publicUrl);
  expect(answer.status).toBe(201);
  const { guestId, sessionToken } = (await answer.json()) as Record<string, string>;

  const operator = (path: string) =>
    fetch(`${gateway.operatorUrl}${path}`, { headers: { authorization: `Bearer ${operatorToken}` } });
  expect((await fetch(`${gateway.operatorUrl}/v1/attempts`)).status).toBe(401);
  expect(await (await operator('/v1/attempts')).json()).toMatchObject({ data: [{ guestId, outcome: 'admitted' }] });
  await expect
    .poll(async () => (await simulator.fetch(new Request('http://idp/_idp/identities'))).text(), { timeout: 10_000 })
    .toContain(guestId);
  await writeFile(join(directory, 'export.jsonl'), await (await operator('/v1/audit/export')).text());

  const exported = () => readFile(join(directory, 'export.jsonl'), 'utf8');

  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toEqual([0, null]);

  const files = ['--checkpoints', '.guestpass/checkpoints.jsonl', '--public-key', '.guestpass/checkpoint-key.pem.pub'];
  expect(await guestpass(['audit', 'verify', 'export.jsonl', ...files]).ended).toEqual([0, null]);
  await writeFile(join(directory, 'cut.jsonl'), (await exported()).split('\n').slice(0, 2).join('\n').concat('\n'));
  const cut = guestpass(['audit', 'verify', 'cut.jsonl', ...files]);
  expect(await cut.ended).toEqual([6, null]);
  expect(cut.said.err).toContain('The log ends behind record 2');

  const everything = gateway.said.out + gateway.said.err + (await exported());
  for (const secret of [sessionToken, operatorToken, masterKey, defaultWebhookSecret, 'sim-secret']) {
    expect(everything).not.toContain(secret);
  }
});

/** A module that breaks the process it is in when it is asked to, by a signal. */
async function breakage(statement: string): Promise<readonly string[]> {
  const path = join(directory, 'breakage.mjs');
  const error = `Object.assign(new RangeError('canary ${operatorToken}'), { code: 'ERR_BROKEN' })`;
  await writeFile(path, `process.once('SIGUSR2', () => { const error = ${error}; ${statement} });`);
  return ['--import', path];
}

/** What a gateway says that ends by itself, and how soon it does. */
async function crash(statement: string) {
  const gateway = await serve(await breakage(statement));
  expect((await letIn(gateway.publicUrl)).status).toBe(201);
  const brokenAt = performance.now();
  gateway.child.kill('SIGUSR2');
  const ending = await gateway.ended;
  expect(performance.now() - brokenAt).toBeLessThan(5_000);
  const { out, err } = gateway.said;
  expect(out + err).not.toContain('canary');
  expect(err).not.toContain('    at ');
  const lines = out.trim().split('\n');
  return { ending, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const crashed = { level: 'fatal', error: 'RangeError', code: 'ERR_BROKEN', msg: 'crashed' };

test('an exception that nobody caught is one line of the log, and ends the process once all is closed', async () => {
  const { ending, lines } = await crash(
    'setTimeout(() => { throw error; }, 0); setTimeout(() => { throw error; }, 0);',
  );
  expect(ending).toEqual([1, null]);
  expect(lines.filter(({ level }) => level === 'fatal')).toEqual([expect.objectContaining(crashed)]);
  expect(lines.at(-1)).toEqual(expect.objectContaining({ msg: 'stopped' }));
});

test('a rejection that nobody caught ends it too, whatever else the process has to do', async () => {
  const { ending, lines } = await crash('setInterval(() => {}, 1000); Promise.reject(error);');
  expect(ending).toEqual([1, null]);
  expect(lines.filter(({ level }) => level === 'fatal')).toEqual([expect.objectContaining(crashed)]);
});

test('a configuration with faults starts nothing and names each of them', async () => {
  const { ended, said } = guestpass(['serve'], {
    GUESTPASS_PORT: 'many',
    GUESTPASS_WEBHOOK_URL: 'https://idp.example.test/hooks',
    GUESTPASS_UNHEARD_OF: '1',
  });
  expect(await ended).toEqual([78, null]);
  for (const name of ['GUESTPASS_PORT', 'GUESTPASS_WEBHOOK_SECRET', 'GUESTPASS_UNHEARD_OF', 'GUESTPASS_TARGET']) {
    expect(said.err).toContain(name);
  }
});
