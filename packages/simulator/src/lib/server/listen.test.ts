import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createSimulator, type Simulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { type Answering, accessToken, guestRequest, readJson, tokenRequest } from '../testing/requests.ts';
import type { Listening } from './listen.ts';

/** Sends what `sent` says to a port, whatever host `sent` names. */
const send = async (port: number, sent: Request, agent?: Agent): Promise<IncomingMessage> => {
  const body = await sent.text();
  const { pathname, host } = new URL(sent.url);
  const headers = { ...Object.fromEntries(sent.headers), host };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { port, host: '127.0.0.1', path: pathname, method: sent.method, headers, agent: agent ?? false };
  const asked = request(options, resolve);
  asked.on('error', reject);
  sent.signal.addEventListener('abort', () => asked.destroy(new Error('given up')));
  asked.end(body);
  return promise;
};

const overSocket = (port: number): Answering => ({
  async fetch(sent) {
    const answer = await send(port, sent);
    const headers = new Headers();
    for (let i = 0; i < answer.rawHeaders.length; i += 2) {
      headers.append(answer.rawHeaders[i] ?? '', answer.rawHeaders[i + 1] ?? '');
    }
    return new Response(await text(answer), { status: answer.statusCode ?? 0, headers });
  },
});

const statsOf = async ({ port }: Listening) =>
  readJson(await overSocket(port).fetch(new Request('http://simulator.test/_sim/stats')));

/** A simulator on a port with a token, and one way to ask for a guest there. */
const listening = async (simulator: Simulator) => {
  const listener = await simulator.listen();
  const token = await accessToken(overSocket(listener.port));
  const ask = (signal?: AbortSignal) => send(listener.port, guestRequest({ token, ...(signal && { signal }) }));
  return { listener, token, ask };
};

test('a guest comes in over a real socket', async () => {
  await using simulator = createSimulator();
  const { ask } = await listening(simulator);
  const answer = await ask();
  expect(answer.statusCode).toBe(201);
  expect(JSON.parse(await text(answer))).toMatchObject({
    guestId: expect.any(String),
    messaging: { url: 'ws://simulator.test/v1' },
  });
  expect(answer.headers['inin-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(simulator.stats()).toMatchObject({ tokensIssued: 1, guestsCreated: 1 });
});

test('a socket and fetch reach the same simulator', async () => {
  await using simulator = createSimulator();
  const { listener, token } = await listening(simulator);
  expect((await simulator.fetch(guestRequest({ token }))).status).toBe(201);
  expect(await statsOf(listener)).toMatchObject({ tokensIssued: 1, guestsCreated: 1 });
});

test('the url is one that can be asked', async () => {
  await using simulator = createSimulator();
  const { url, port } = await simulator.listen();
  expect(url).toBe(`http://127.0.0.1:${port}`);
  const anywhere = await simulator.listen({ host: '0.0.0.0' });
  expect(anywhere.url).toBe(`http://127.0.0.1:${anywhere.port}`);
  expect((await fetch(`${anywhere.url}/_sim/health`)).status).toBe(200);
});

test('the answer carries the date of the simulator, once', async () => {
  await using simulator = createSimulator({ clock: manualClock() });
  const { ask } = await listening(simulator);
  const answer = await ask();
  const names = answer.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  expect(names.filter((name) => name === 'date')).toHaveLength(1);
  expect(answer.headers.date).toBe('Mon, 15 Jan 2024 10:30:00 GMT');
  answer.resume();
});

test('a reset before executing is a real reset, and nobody was created', async () => {
  await using simulator = createSimulator();
  const { ask } = await listening(simulator);
  simulator.faults.add({ operation: 'guest', reset: 'before' });
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  expect(simulator.stats()).toMatchObject({ guestsCreated: 0, unanswered: 1 });
});

test('a reset after executing is a real reset, and the guest was created', async () => {
  await using simulator = createSimulator();
  const { ask } = await listening(simulator);
  simulator.faults.add({ operation: 'guest', reset: 'after' });
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
  expect((await ask()).statusCode).toBe(201);
});

test('a truncated answer declares more than it sends and is cut', async () => {
  await using simulator = createSimulator();
  const { ask } = await listening(simulator);
  simulator.faults.add({ operation: 'guest', truncate: true });
  const answer = await ask();
  expect(answer.statusCode).toBe(201);
  let received = 0;
  const read = async () => {
    for await (const chunk of answer) received += Buffer.from(chunk).byteLength;
  };
  await expect(read()).rejects.toThrow('aborted');
  expect(received).toBe(Math.floor(Number(answer.headers['content-length']) / 2));
});

test('a header with two values stands on two lines', async () => {
  await using simulator = createSimulator();
  const { ask } = await listening(simulator);
  simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': ['1', '120'] } });
  const answer = await ask();
  answer.resume();
  expect(answer.statusCode).toBe(429);
  const values = answer.rawHeaders.filter((_, index) => answer.rawHeaders[index - 1]?.toLowerCase() === 'retry-after');
  expect(values).toEqual(['1', '120']);
});

test('scripted bodies keep a connection usable', async () => {
  await using simulator = createSimulator();
  const { listener, token } = await listening(simulator);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const once = async () => {
    const answer = await send(listener.port, guestRequest({ token }), agent);
    const { statusCode: status, socket } = answer;
    const { localPort } = socket;
    return { status, localPort, length: (await text(answer)).length };
  };
  simulator.faults.add({ operation: 'guest', body: { bytes: 2_000_000 } });
  simulator.faults.add({ operation: 'guest', status: 204 });
  const [huge, bodiless, plain] = [await once(), await once(), await once()];
  agent.destroy();
  expect([huge.status, huge.length]).toEqual([201, 2_000_000]);
  expect([bodiless.status, bodiless.length]).toEqual([204, 0]);
  expect(plain.status).toBe(201);
  expect([bodiless.localPort, plain.localPort]).toEqual([huge.localPort, huge.localPort]);
});

test('a delay is held on the clock of the simulator', async () => {
  const clock = manualClock();
  await using simulator = createSimulator({ clock });
  const { ask } = await listening(simulator);
  simulator.faults.add({ operation: 'guest', delayMs: 3_600_000 });
  const asked = ask();
  await clock.armed();
  clock.advance(3_600_000);
  const answer = await asked;
  answer.resume();
  expect(answer.statusCode).toBe(201);
});

test('a caller that hangs up ends the delay', async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const { promise: armed, resolve: arm } = Promise.withResolvers<void>();
  const after = () => {
    arm();
    return resolve;
  };
  await using simulator = createSimulator({ clock: { now: () => 0, after } });
  const { listener, ask } = await listening(simulator);
  simulator.faults.add({ operation: 'guest', delayMs: 1000 });
  const caller = new AbortController();
  const failed = expect(ask(caller.signal)).rejects.toThrow('given up');
  await armed;
  caller.abort();
  await failed;
  await cancelled;
  expect(await statsOf(listener)).toMatchObject({ guestsCreated: 1, unanswered: 1 });
});

test('closing ends idle connections, stalls and delays, and may be repeated', async () => {
  const clock = manualClock();
  await using simulator = createSimulator({ clock });
  const { listener, token, ask } = await listening(simulator);
  const agent = new Agent({ keepAlive: true });
  const idle = await send(listener.port, guestRequest({ token }), agent);
  await text(idle);
  simulator.faults.add({ operation: 'guest', stall: true });
  simulator.faults.add({ operation: 'guest', delayMs: 1000 });
  const stalled = expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
  const delayed = expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
  await clock.armed();
  await listener.close();
  await Promise.all([stalled, delayed]);
  await listener.close();
  agent.destroy();
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a busy port is told with the error of the system', async () => {
  await using simulator = createSimulator();
  const { port } = await simulator.listen();
  await expect(simulator.listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('disposal closes every port', async () => {
  const ports = await (async () => {
    await using simulator = createSimulator();
    return [(await simulator.listen()).port, (await simulator.listen()).port];
  })();
  for (const port of ports) await expect(send(port, tokenRequest())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a body too large is refused without being read to its end', async () => {
  await using simulator = createSimulator();
  const { port } = await simulator.listen();
  const answer = await send(port, guestRequest({ payload: 'x'.repeat(600_000) }));
  answer.resume();
  expect(answer.statusCode).toBe(413);
});

test('a Host that names no host is 400 in the words of the API', async () => {
  await using simulator = createSimulator();
  const { port } = await simulator.listen();
  const socket = connect(port, '127.0.0.1');
  socket.end('GET /_sim/health HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n');
  const said = await text(socket);
  expect(said).toMatch(/^HTTP\/1\.1 400 /);
  expect(said).toMatch(/inin-correlation-id: /i);
  expect(said).toContain('"bad.request"');
});

test('an upgrade whose Host is no address to ask is 400, and the server goes on', async () => {
  await using simulator = createSimulator();
  const { port } = await simulator.listen();
  for (const host of ['user:secret@host', 'a b']) {
    const socket = connect(port, '127.0.0.1');
    socket.end(
      `GET /v1?deploymentId=demo HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  }
});
