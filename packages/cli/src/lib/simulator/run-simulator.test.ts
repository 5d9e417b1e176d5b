import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { undiciExchange } from 'guestpass/http';
import { expect, test } from 'vitest';
import { play } from '../testing/play.ts';

/** Starts `guestpass simulate` and resolves with what it printed once it printed something. */
async function simulate(...flags: string[]) {
  const user = new AbortController();
  const ready = Promise.withResolvers<string>();
  const played = play(['simulate', ...flags], { onOut: ready.resolve, signal: user.signal });
  const out = await Promise.race([ready.promise, played.then(({ err }) => Promise.reject(new Error(err)))]);
  return {
    out,
    async end() {
      user.abort(new Error('interrupted'));
      return played;
    },
  };
}

/** A port that is busy until disposed. */
async function busyPort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

test('the simulator runs until it is asked to end, and its own line to try works', async () => {
  const simulator = await simulate('--port', '0');
  const argv = /guestpass (authenticate .*)\n/.exec(simulator.out)?.[1]?.split(' ') ?? [];
  const pool = undiciExchange();
  const { code, out } = await play(argv, { exchange: pool.exchange });
  await pool.close();
  expect(code).toBe(0);
  expect(out).toContain('Authentication complete. Guest ID: ');
  expect(await simulator.end()).toMatchObject({ code: 0, err: 'The simulator has ended.\n' });
});

test('as JSON it prints one document to be read by a program', async () => {
  const simulator = await simulate('--port', '0', '--seed', '7', '--json');
  expect(JSON.parse(simulator.out)).toMatchObject({
    url: expect.stringMatching(/^http:/),
    clientId: 'sim-client',
    seed: '7',
  });
  expect((await simulator.end()).code).toBe(0);
});

test('the welcome names every address, and none that nobody answers', async () => {
  const simulator = await simulate('--port', '0');
  for (const part of [
    '/oauth/token',
    '/guests',
    'ws://',
    'config.json',
    '/messages',
    'jwtexchange',
    '/_oidc/',
    '/captcha/',
  ]) {
    expect(simulator.out).toContain(part);
  }
  for (const part of ['/_idp/webhooks', '/_sim/{health,']) expect(simulator.out).toContain(part);
  const [, health = ''] = /control +(\S+\/_sim)\//.exec(simulator.out) ?? [];
  expect((await fetch(`${health}/health`)).status).toBe(200);
  await simulator.end();
});

test('with TLS it says whom to trust, and is answered by whoever does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-simulate-'));
  try {
    const flags = ['--tls-directory', directory, '--tls-name', '*.sim.test'];
    const simulator = await simulate('--port', '0', '--json', ...flags);
    const { url, ca, port, endpoints } = JSON.parse(simulator.out);
    expect([url, ca]).toEqual([`https://127.0.0.1:${port}`, join(directory, 'ca.pem')]);
    expect(endpoints).toMatchObject({ socket: `wss://127.0.0.1:${port}/v1?deploymentId={deploymentId}` });
    const trusted = await readFile(ca, 'utf8');
    const peer = connect({ host: '127.0.0.1', port, ca: trusted, servername: 'login.sim.test' });
    await new Promise((resolve, reject) => peer.once('secureConnect', resolve).once('error', reject));
    peer.destroy();
    expect((await simulator.end()).code).toBe(0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('flags open one more channel, to some origins, and let its guests sign in', async () => {
  const more = ['--channel', 'shop', '--allow-origin', 'https://shop.example', '--sign-in', 'shop'];
  const simulator = await simulate('--port', '0', '--json', '--redirect-uri', 'https://shop.example/back', ...more);
  const { endpoints, ...facts } = JSON.parse(simulator.out);
  expect(facts).toMatchObject({
    channels: { demo: 'active', shop: 'active', disabled: 'disabled' },
    allowedOrigins: ['https://shop.example'],
    signIn: { channels: ['shop'], clientId: 'sim-site' },
  });
  const configOf = async (id: string) =>
    (await fetch(endpoints.configuration.replace('{deploymentId}', id))).json() as Promise<{ readonly auth: object }>;
  expect((await configOf('shop')).auth).toEqual({ enabled: true, allowSessionUpgrade: true });
  expect((await configOf('demo')).auth).toEqual({ enabled: false, allowSessionUpgrade: false });
  const upgrade = { connection: 'upgrade', upgrade: 'websocket', origin: 'https://elsewhere.example' };
  const asked = request(endpoints.socket.replace('ws:', 'http:').replace('{deploymentId}', 'shop'), {
    headers: upgrade,
  });
  asked.end();
  const answer = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
  answer.resume();
  expect(answer.statusCode).toBe(403);
  await simulator.end();
});

test('a flag lets more calls through than Genesys grants a token', async () => {
  const simulator = await simulate('--port', '0', '--json', '--requests-per-minute', '1234');
  const { url, clientId, clientSecret } = JSON.parse(simulator.out);
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const token = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body,
  });
  const { access_token } = (await token.json()) as { readonly access_token: string };
  const guest = await fetch(`${url}/api/v2/conversations/webmessaging/guests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } }),
  });
  expect([guest.status, guest.headers.get('inin-ratelimit-allowed')]).toEqual([201, '1234']);
  await simulator.end();
});

test.each([
  [['--sign-in', 'nowhere'], 'there is no channel nowhere'],
  [['--redirect-uri', 'http://shop.example/back'], 'signIn.redirectUris'],
  [['--tls-name', 'two words'], 'neither a host name nor an IP address'],
  [['--tls-directory', import.meta.filename], 'cannot be used (ENOTDIR)'],
  [['--bot', 'clever'], 'Allowed choices are echo, none'],
  [['--requests-per-minute', '0'], 'Give a number from 1'],
])('what cannot be meant is a misuse: %j', async (flags, said) => {
  const { code, err } = await play(['simulate', '--port', '0', ...flags]);
  expect(code).toBe(2);
  expect(err).toContain(said);
});

test('help leads with three examples', async () => {
  const { out } = await play(['simulate', '--help']);
  expect(out).toMatch(/^Examples:\n(?: {2}guestpass simulate.*\n){3}\n/);
});

test('a busy port moves to the next one and says so', async () => {
  await using busy = await busyPort();
  const simulator = await simulate('--port', String(busy.port));
  const { err } = await simulator.end();
  expect(err).toMatch(new RegExp(`^Port ${busy.port} is busy; port \\d+ is taken.\n`));
  expect(simulator.out).not.toContain(`:${busy.port} `);
});

test('a strict port that is busy is an error', async () => {
  await using busy = await busyPort();
  const { code, err } = await play(['simulate', '--port', String(busy.port), '--strict-port']);
  expect(code).toBe(2);
  expect(err).toContain('(EADDRINUSE)');
});
