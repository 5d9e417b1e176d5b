import { request } from 'node:http';
import { expect, test } from 'vitest';
import { openSocket } from '../testing/guest-socket.ts';
import { ask, configure, stage } from '../testing/guest-talk.ts';
import { readJson } from '../testing/requests.ts';

test('a socket opens for an active deployment, and its session is configured', async () => {
  await using on = await stage();
  using socket = await on.open();
  expect(await ask(socket, { ...configure, tracingId: 't-1' })).toEqual({
    type: 'response',
    class: 'SessionResponse',
    code: 200,
    body: {
      connected: true,
      newSession: true,
      readOnly: false,
      clearedExistingSession: false,
      allowedMedia: { inbound: { fileTypes: [{ type: '*/*' }], maxFileSizeKB: 10_240 } },
      blockedExtensions: ['.ade', '.adp', '.bat', '.exe'],
      maxCustomDataBytes: 2048,
      durationSeconds: 259_200,
      expirationDate: Date.parse('2024-01-18T10:30:00Z') / 1000,
    },
    tracingId: 't-1',
  });
  expect(on.simulator.stats()).toMatchObject({ socketRequests: 1, sessionsStarted: 1, openSockets: 1 });
  expect(on.simulator.requests).toMatchObject([{ operation: 'socket', path: '/v1', status: 101 }]);
});

test('a deployment that is disabled or unknown is 403 on the upgrade', async () => {
  await using on = await stage();
  await expect(on.open({ deploymentId: 'disabled' })).rejects.toThrow('HTTP 403');
  await expect(on.open({ deploymentId: 'elsewhere' })).rejects.toThrow('HTTP 403');
  expect(on.simulator.stats()).toMatchObject({ rejectedByStatus: { 403: 2 }, openSockets: 0 });
});

test('the deployment may stand in a header instead; without one it is 400', async () => {
  await using on = await stage();
  await expect(openSocket(on.port, { deploymentId: '' })).rejects.toThrow('HTTP 400');
  using socket = await openSocket(on.port, { deploymentId: '', headers: { deploymentId: 'demo' } });
  expect(await ask(socket, configure)).toMatchObject({ class: 'SessionResponse' });
});

test('an alias opens the same deployment, and the same session', async () => {
  const alias = '0b9f1c52-6a2e-4c1c-8f60-2b7a5f0d3c44';
  await using on = await stage({ deployments: { demo: { alias } } });
  using byId = await on.join();
  using byAlias = await on.open({ deploymentId: alias });
  expect(await ask(byAlias, { ...configure, deploymentId: alias })).toMatchObject({ body: { newSession: false } });
  expect(byId.heard).toEqual([]);
});

test('with a list of origins only those on it come in', async () => {
  await using on = await stage({ deployments: { demo: { allowedOrigins: ['https://shop.example', 'host.example'] } } });
  const from = (origin: string) => on.open({ headers: { Origin: origin } });
  using whole = await from('https://shop.example');
  using host = await from('http://host.example:8080');
  expect([whole.heard, host.heard]).toEqual([[], []]);
  await expect(from('http://shop.example')).rejects.toThrow('HTTP 403');
  await expect(from('https://shop.example.evil.example')).rejects.toThrow('HTTP 403');
  await expect(on.open()).rejects.toThrow('HTTP 403');
});

test('too many sockets a minute are 429 with the seconds to wait', async () => {
  await using on = await stage({ limits: { connectionsPerMinute: 1 } });
  using first = await on.open();
  const refusal = await on.open().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ message: 'HTTP 429', cause: { 'retry-after': '60' } });
  on.clock.advance(60_000);
  using second = await on.open();
  expect([first.heard, second.heard]).toEqual([[], []]);
});

test('an upgrade anywhere else, or to anything else, is answered like any request; /v1 without one is 426', async () => {
  await using on = await stage();
  const statusOf = (path: string, upgrade: string) =>
    new Promise((resolve) => {
      const headers = { Connection: 'Upgrade', Upgrade: upgrade };
      const asked = request({ port: on.port, path, headers, agent: false });
      asked.on('response', (response) => resolve(response.resume().statusCode));
      asked.end();
    });
  expect(await statusOf('/_sim/health', 'h2c')).toBe(200);
  expect(await statusOf('/elsewhere', 'websocket')).toBe(404);
  expect(await statusOf('/v1?deploymentId=demo', 'h2c')).toBe(426);
  const plain = await on.simulator.fetch(new Request('http://simulator.test/v1'));
  expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
  expect(await readJson(plain)).toMatchObject({ status: 426 });
});

test('what is no handshake is refused, and nothing is left open', async () => {
  await using on = await stage();
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
  const asked = request({ port: on.port, path: '/v1?deploymentId=demo', headers });
  const status = new Promise((resolve) => {
    asked.on('response', (response) => resolve(response.resume().statusCode));
  });
  asked.end();
  expect(await status).toBe(400);
  expect(on.simulator.stats().openSockets).toBe(0);
});

test('dropping breaks every socket, and the sessions stay', async () => {
  await using on = await stage();
  using one = await on.join('one');
  using other = await on.join('other');
  const dropped = await on.simulator.fetch(new Request('http://simulator.test/_sim/sockets/drop', { method: 'POST' }));
  expect(await readJson(dropped)).toEqual({ dropped: 2 });
  expect(await Promise.all([one.closed, other.closed])).toEqual([1006, 1006]);
  using again = await on.open();
  expect(await ask(again, { ...configure, token: 'one' })).toMatchObject({ body: { newSession: false } });
});

test('a server closed in the middle of a talk and opened again on its port goes on with it', async () => {
  await using on = await stage();
  const second = await on.simulator.listen();
  using before = await openSocket(second.port);
  await ask(before, configure);
  await ask(before, { action: 'onMessage', token: configure.token, message: { type: 'Text', text: 'one' } });
  await second.close();
  expect(await before.closed).toBe(1006);
  await expect(openSocket(second.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await on.simulator.listen({ port: second.port });
  using after = await openSocket(second.port);
  expect(await ask(after, configure)).toMatchObject({ body: { newSession: false } });
  expect(on.simulator.sessions.history(configure.token)).toMatchObject([{ text: 'one' }]);
});

test('a reset breaks the sockets, takes back every timer and forgets the sessions', async () => {
  await using on = await stage({ bot: 'echo' });
  using socket = await on.join();
  await ask(socket, { action: 'onMessage', token: configure.token, message: { type: 'Text', text: 'one' } });
  expect(on.clock.pending).toBe(2);
  on.simulator.reset();
  expect(await socket.closed).toBe(1006);
  expect(on.clock.pending).toBe(0);
  expect(on.simulator.sessions.list()).toEqual([]);
});
