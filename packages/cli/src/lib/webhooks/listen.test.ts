import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator, defaultWebhookSecret } from '@guestpass/simulator';
import { fetchExchange, type HttpResponse } from 'guestpass/http';
import { signWebhook } from 'guestpass/webhook';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';

let directory: string;
let secretFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-listen-'));
  secretFile = join(directory, 'kept', 'secret');
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const env = { GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret, GUESTPASS_WEBHOOK_URL: 'https://idp.example/hooks' };

/** Starts `guestpass listen` on a free port, and says where. */
async function listening(flags: readonly string[] = [], props: Props = {}) {
  const user = new AbortController();
  const ready = Promise.withResolvers<string>();
  const network = await spiedNetwork(ready.resolve);
  const played = play(['listen', '--port', '0', ...flags], { env, signal: user.signal, ...props, network });
  const url = await Promise.race([ready.promise, played.then(({ err }) => Promise.reject(new Error(err)))]);
  const end = () => {
    user.abort(new Error('interrupted'));
    return played;
  };
  return { url, end, played };
}

/** The network of this machine, which also tells where it listens. */
async function spiedNetwork(onUrl: (url: string) => void) {
  const { systemNetwork } = await import('../network.ts');
  return {
    ...systemNetwork,
    async serve(...given: Parameters<typeof systemNetwork.serve>) {
      const serving = await systemNetwork.serve(...given);
      onUrl(serving.url);
      return serving;
    },
  };
}

const trigger = (argv: readonly string[], props: Props = {}) => play(['trigger', ...argv], { env, ...props });

const post = (url: string, body: string, headers: Readonly<Record<string, string>>): Promise<HttpResponse> =>
  fetchExchange()({ method: 'POST', url, headers, body });

test('an event that is triggered is heard, verified and shown, and a repeat of it is told', async () => {
  const receiver = await listening();
  const sent = await trigger(['guest.authenticated', '--to', receiver.url, '--set', 'channelId=web', '--id', 'msg_1']);
  expect(sent).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/^✓ guest.authenticated was taken: 204 in /),
  });
  await trigger(['guest.authenticated', '--to', receiver.url, '--id', 'msg_1']);
  const { code, out, err } = await receiver.end();
  expect(code).toBe(0);
  expect(out).toMatch(
    /^✓ guest.authenticated {2}msg_1 {2}att_\S+ {2}\S+\n✓ guest.authenticated {2}msg_1 .* {2}again\n$/,
  );
  expect(err).toContain('guestpass trigger guest.authenticated --to http://127.0.0.1:');
  expect(err).toMatch(/signed with \*{3} sha256:[0-9a-f]{8} /);
  expect(out + err).not.toContain(defaultWebhookSecret.slice(-4));
});

test('an event behind a later one about the same attempt is told to be late', async () => {
  const receiver = await listening(['--ndjson']);
  const send = async (attemptId: string, sequence: number) => {
    const fields = ['--set', `attemptId=${attemptId}`, '--set', `sequence=${sequence}`];
    const id = `msg_${attemptId}_${sequence}`;
    expect(await trigger(['guest.failed', '--to', receiver.url, '--id', id, ...fields])).toMatchObject({ code: 0 });
  };
  for (const sequence of [7, 9, 8, 9]) await send('att_1', sequence);
  await send('att_2', 1);
  const lines = (await receiver.end()).out.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line)).map(({ late, repeat }) => [late, repeat])).toEqual([
    [false, false],
    [false, false],
    [true, false],
    [false, true],
    [false, false],
  ]);
});

test('what is not signed with the secret, too old, or no webhook is refused and told', async () => {
  const receiver = await listening(['--ndjson']);
  const body = '{"type":"guest.failed"}';
  const old = signWebhook({ id: 'msg_2', body }, { secrets: [defaultWebhookSecret], nowMs: Date.now() - 3_600_000 });
  const other = signWebhook(
    { id: 'msg_3', body },
    { secrets: [`whsec_${Buffer.alloc(32).toString('base64')}`], nowMs: Date.now() },
  );
  const statuses = [
    (await post(receiver.url, body, {})).status,
    (await post(receiver.url, body, { ...old })).status,
    (await post(receiver.url, body, { ...other })).status,
    (await fetchExchange()({ method: 'GET', url: receiver.url, headers: {} })).status,
    (await post(receiver.url, 'x'.repeat(1_100_000), {})).status,
  ];
  expect(statuses).toEqual([401, 401, 401, 405, 413]);
  const { out } = await receiver.end();
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { verified: false, reason: 'header_missing', status: 401 },
    { verified: false, reason: 'too_old', status: 401 },
    { verified: false, reason: 'no_match', status: 401 },
  ]);
});

test('events that are not wanted are taken without a word, and it ends after as many as were asked for', async () => {
  const receiver = await listening(['--events', 'guest.re*,*.test', '--count', '2', '--ndjson']);
  for (const type of ['guest.failed', 'guest.refused', 'guest.authenticated', 'guestpass.test']) {
    expect(await trigger([type, '--to', receiver.url])).toMatchObject({ code: 0 });
  }
  const { code, out } = await receiver.played;
  expect(code).toBe(0);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type),
  ).toEqual(['guest.refused', 'guestpass.test']);
});

test('events are handed on byte by byte with their signature, and the sender hears the answer', async () => {
  await using simulator = createSimulator({ seed: 1, webhookSecret: defaultWebhookSecret });
  const { url } = await simulator.listen();
  const receiver = await listening(['--forward-to', `${url}/_idp/webhooks`]);
  expect(await trigger(['guest.authenticated', '--to', receiver.url])).toMatchObject({ code: 0 });
  expect(simulator.stats()).toMatchObject({ webhooksAccepted: 1 });
  simulator.faults.add({ operation: 'idp', status: 503 });
  const refused = await trigger(['guest.failed', '--to', receiver.url, '--json']);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('answered 503') });
  expect(JSON.parse(refused.out)).toMatchObject({ type: 'guest.failed', result: 'retry', status: 503 });
  expect((await receiver.end()).out).toMatch(/→ 204 in [\d.]+ ms\n.*→ 503 in/);

  const nowhere = await listening(['--forward-to', 'http://127.0.0.1:1']);
  expect(await trigger(['guest.failed', '--to', nowhere.url])).toMatchObject({
    code: 1,
    err: expect.stringContaining('502'),
  });
  expect((await nowhere.end()).out).toContain('→ ECONNREFUSED');
});

test('another implementation of the standard takes what is triggered', async () => {
  await using simulator = createSimulator({ seed: 1, webhookSecret: defaultWebhookSecret });
  const { url } = await simulator.listen();
  const sent = await trigger(['guest.erased', '--to', `${url}/_idp/webhooks`]);
  expect(sent).toMatchObject({ code: 0, err: '' });
  const withdrawn = await trigger(['consent.withdrawn', '--to', `${url}/_idp/webhooks`]);
  expect(withdrawn).toMatchObject({ code: 0, err: '' });
});

test('a secret that no setting names is made once, for its owner alone, and printed on demand', async () => {
  const argv = ['listen', '--print-secret', '--secret-file', secretFile];
  const first = await play(argv, { files: {} });
  expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/^whsec_[\w+/=]{44}\n$/) });
  expect((await stat(secretFile)).mode & 0o777).toBe(0o600);
  const files = { [secretFile]: await readFile(secretFile, 'utf8') };
  expect(await play(argv, { files })).toEqual(first);
  expect(await play(argv, { files: { [secretFile]: 'whsec_hunter2' } })).toMatchObject({
    code: 2,
    err: expect.not.stringContaining('hunter2'),
  });
});

test('a dry run shows what would be sent, and sends nothing', async () => {
  const { code, out } = await trigger(['guest.refused', '--dry-run', '--json', '--id', 'msg_9']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    dryRun: true,
    endpoint: 'https://idp.example/hooks',
    headers: { 'webhook-id': 'msg_9', 'webhook-signature': expect.stringMatching(/^v1,/) },
    event: { type: 'guest.refused', data: { guestId: null, code: 'consent_required' } },
  });
  const env = { GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret };
  const nowhere = await trigger(['guest.erased', '--dry-run', '--json'], { env });
  expect({ code: nowhere.code, ...JSON.parse(nowhere.out) }).toMatchObject({ code: 0, endpoint: null });
});

test('a receiver that is not there, not named, or no address is told', async () => {
  expect(await trigger(['guest.failed', '--to', 'http://127.0.0.1:1'])).toMatchObject({
    code: 5,
    err: expect.stringContaining('connection_refused'),
  });
  expect(await trigger(['guest.failed', '--to', 'nowhere'])).toMatchObject({ code: 2 });
  const named = { GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret };
  expect(await trigger(['guest.failed'], { env: named })).toMatchObject({
    code: 2,
    err: expect.stringContaining('--to'),
  });
  expect(await trigger(['guest.faild'])).toMatchObject({ code: 2, err: expect.stringContaining('guest.failed') });
});

test('a busy port is told', async () => {
  const receiver = await listening();
  const { port } = new URL(receiver.url);
  expect(await play(['listen', '--port', port], { env })).toMatchObject({
    code: 2,
    err: expect.stringContaining('EADDRINUSE'),
  });
  await receiver.end();
});

test('anything that is signed is shown, whatever it is', async () => {
  const receiver = await listening(['--count', '3']);
  for (const [index, body] of ['null', '[1]', '"text"'].entries()) {
    const headers = signWebhook({ id: `msg_${index}`, body }, { secrets: [defaultWebhookSecret], nowMs: Date.now() });
    expect((await post(receiver.url, body, { ...headers })).status).toBe(204);
  }
  expect((await receiver.played).out).toBe('✓ unknown  msg_0  \n✓ unknown  msg_1  \n✓ unknown  msg_2  \n');
});
