import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect, type PeerCertificate } from 'node:tls';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { createSimulator, type Simulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { codeVerifier, redirectUri, siteAt } from '../testing/site.ts';
import { openDevelopmentCa } from '../tls/development-ca.ts';
import type { Listening, TlsOptions } from './listen.ts';
import { createSecureServer } from './secure-server.ts';

const dayMs = 86_400_000;

/** Asks a port by a name, and trusts whom it is told to. */
function send(
  port: number,
  { path, host = '127.0.0.1', ca, method = 'GET', headers = {}, body = '' }: Sent,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const where = { host: '127.0.0.1', port, path, method, servername: host === '127.0.0.1' ? '' : host, agent: false };
  const asked = request({ ...where, headers: { ...headers, host: `${host}:${port}` }, ca: ca ? [ca] : [] }, resolve);
  asked.on('error', reject);
  asked.end(body);
  return promise;
}

interface Sent {
  readonly path: string;
  readonly host?: string;
  readonly ca?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function readFrom(port: number, sent: Sent): Promise<Record<string, unknown>> {
  // Every JSON answer of the simulator is an object; a test that meets another fails on its fields.
  return JSON.parse(await text(await send(port, sent))) as Record<string, unknown>;
}

/** A simulator on a port that speaks TLS. */
async function listening(simulator: Simulator, tls: true | TlsOptions = true): Promise<Listening & { pem: string }> {
  const port = await simulator.listen({ tls });
  return { ...port, pem: port.ca?.pem ?? '' };
}

test('a client that trusts the CA is answered, by every name of the certificate', async () => {
  await using simulator = createSimulator();
  const { port, url, pem } = await listening(simulator, { names: ['*.sim.test'] });
  expect(url).toBe(`https://127.0.0.1:${port}`);
  for (const host of ['127.0.0.1', 'localhost', 'login.sim.test', 'api.sim.test', 'webmessaging.sim.test']) {
    const answer = await send(port, { path: '/_sim/health', host, ca: pem });
    answer.resume();
    expect(answer.statusCode).toBe(200);
  }
});

test('a client that does not trust it hangs up, and so does one that asked for somebody else', async () => {
  await using simulator = createSimulator();
  const { port, pem } = await listening(simulator);
  await expect(send(port, { path: '/_sim/health' })).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  await expect(send(port, { path: '/_sim/health', host: 'login.sim.test', ca: pem })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  expect(simulator.requests).toEqual([]);
});

test('every CA is its own: that of another simulator is not trusted', async () => {
  await using simulator = createSimulator();
  const one = await listening(simulator);
  const other = await listening(simulator);
  await expect(send(one.port, { path: '/_sim/health', ca: other.pem })).rejects.toThrow('unable to verify');
});

test('addresses handed out are https and wss, at the name that was asked', async () => {
  await using simulator = createSimulator();
  const { port, url, pem: ca } = await listening(simulator);
  const headers = { authorization: `Basic ${btoa('sim-client:sim-secret')}` };
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
  const body = 'grant_type=client_credentials';
  const { access_token } = await readFrom(port, { path: '/oauth/token', method: 'POST', headers: form, body, ca });
  const guest = await readFrom(port, {
    path: '/api/v2/conversations/webmessaging/guests',
    host: 'localhost',
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: 'demo', consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' } }),
    ca,
  });
  expect(guest).toMatchObject({ messaging: { url: `wss://localhost:${port}/v1` } });
  const config = await readFrom(port, { path: '/webdeployments/v1/deployments/demo/config.json', ca });
  expect(config).toMatchObject({
    apiEndpoint: url,
    messenger: { apps: { conversations: { messagingEndpoint: url.replace('https', 'wss') } } },
  });
  const discovery = await readFrom(port, { path: '/_oidc/.well-known/openid-configuration', ca });
  expect(discovery).toMatchObject({ issuer: `${url}/_oidc`, token_endpoint: `${url}/_oidc/token` });
});

test('a guest talks over wss, and puts and fetches a file over https', async () => {
  await using simulator = createSimulator({ bot: 'none' });
  const { port, url, pem: ca } = await listening(simulator);
  const socket = new WebSocket(`${url.replace('https', 'wss')}/v1?deploymentId=demo`, { ca });
  const ask = async (frame: object) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.once('message', (data) => resolve(data.toString()));
    socket.send(JSON.stringify({ token: 'a-token', ...frame }));
    // What the simulator sends is read by tests alone, which fail on its fields.
    return JSON.parse(await promise) as { readonly body: { readonly url: string; readonly headers: object } };
  };
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  expect(await ask({ action: 'configureSession', deploymentId: 'demo' })).toMatchObject({ body: { connected: true } });
  const { body } = await ask({ action: 'onAttachment', fileName: 'a.txt', fileType: 'text/plain', errorsAsJson: true });
  expect(body.url).toMatch(`${url}/attachments/`);
  const told = new Promise<string>((resolve) => socket.once('message', (data) => resolve(data.toString())));
  const path = body.url.slice(url.length);
  const put = await send(port, { path, method: 'PUT', headers: { ...body.headers }, body: 'map', ca });
  put.resume();
  const { downloadUrl } = JSON.parse(await told).body;
  expect(await text(await send(port, { path: downloadUrl.slice(url.length), ca }))).toBe('map');
  socket.terminate();
});

test('a guest signs in at the provider, and the platform redeems the code there, all over TLS', async () => {
  await using simulator = createSimulator({ deployments: { demo: { auth: {} } } });
  const { port, url, pem: ca } = await listening(simulator);
  const ask = async (asked: string, init: RequestInit = {}) => {
    const { method = 'GET', body } = init;
    const form = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
    const headers = { ...form, ...Object.fromEntries(new Headers(init.headers)) };
    const path = asked.slice(url.length);
    const answer = await send(port, { path, method, headers, body: body ? String(body) : '', ca });
    const fields = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new Response(await text(answer), { status: answer.statusCode ?? 0, headers: fields });
  };
  const site = siteAt(url, ask);
  const back = await site.signIn('ann');
  expect(back.get('iss')).toBe(`${url}/_oidc`);
  const oauth = { code: back.get('code'), redirectUri, codeVerifier, iss: back.get('iss') };
  const exchanged = await site.exchange({ oauth });
  expect(exchanged.status).toBe(200);
  expect(await exchanged.json()).toMatchObject({ jwt: expect.any(String) });
});

test('faults break the connection below TLS as they do without', async () => {
  await using simulator = createSimulator();
  const { port, pem: ca } = await listening(simulator);
  const ask = () => send(port, { path: '/webdeployments/v1/deployments/demo/config.json', ca });
  simulator.faults.add({ operation: 'config', reset: 'before' });
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  simulator.faults.add({ operation: 'config', truncate: true });
  const cut = await ask();
  await expect(text(cut)).rejects.toMatchObject({ code: 'ECONNRESET' });
  simulator.faults.add({ operation: 'socket', reset: 'before' });
  const socket = new WebSocket(`wss://127.0.0.1:${port}/v1?deploymentId=demo`, { ca });
  await expect(new Promise((_, reject) => socket.once('error', reject))).rejects.toMatchObject({ code: 'ECONNRESET' });
  simulator.faults.add({ operation: 'socket', status: 403 });
  const refused = new WebSocket(`wss://127.0.0.1:${port}/v1?deploymentId=demo`, { ca });
  await expect(new Promise((_, reject) => refused.once('error', reject))).rejects.toThrow('403');
  (await ask()).resume();
});

test('closing ends every connection, also one that says nothing and one in the middle of a request', async () => {
  await using simulator = createSimulator();
  const { port, pem: ca, close } = await listening(simulator);
  const silent = connectPlain(port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const idle = connect({ host: '127.0.0.1', port, ca });
  await new Promise((resolve) => idle.once('secureConnect', resolve));
  simulator.faults.add({ operation: 'config', stall: true });
  const stalled = expect(send(port, { path: '/webdeployments/v1/deployments/demo/config.json', ca })).rejects.toThrow();
  const ended = [silent, idle].map((socket) => {
    socket.on('error', () => {});
    return new Promise((resolve) => socket.once('close', resolve));
  });
  await expect.poll(() => simulator.stats().faultsApplied).toBe(1);
  await close();
  await Promise.all([...ended, stalled]);
  await expect(send(port, { path: '/_sim/health', ca })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a busy port and a name nobody can have are told, and nothing stays open', async () => {
  await using simulator = createSimulator();
  const { port } = await listening(simulator);
  await expect(simulator.listen({ port, tls: true })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(simulator.listen({ tls: { names: ['two words'] } })).rejects.toThrow('neither a host name');
});

test('a certificate is renewed while the server is open, long before it ends, and no longer', async () => {
  const clock = manualClock(Date.now());
  const ca = await openDevelopmentCa(undefined, clock.now);
  const server = await createSecureServer({ ca, names: ['127.0.0.1'], clock }, {}, (_, answer) => answer.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const where = server.address();
  const port = typeof where === 'object' ? (where?.port ?? 0) : 0;
  const shown = () => {
    const { promise, resolve, reject } = Promise.withResolvers<PeerCertificate>();
    // The certificate is of a time to come: it is read here, not judged.
    const peer = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(peer.getPeerCertificate());
      peer.destroy();
    });
    peer.on('error', reject);
    return promise;
  };
  const first = await shown();
  clock.advance(4 * dayMs);
  expect((await shown()).serialNumber).toBe(first.serialNumber);
  clock.advance(dayMs);
  // The next one is made by then, and its timer waits.
  await clock.armed();
  const second = await shown();
  expect(second.serialNumber).not.toBe(first.serialNumber);
  expect(Date.parse(second.valid_to) - Date.parse(first.valid_to)).toBeGreaterThan(4 * dayMs);
  await new Promise((resolve) => server.close(resolve));
  expect(clock.pending).toBe(0);
});
