import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Transport, TransportError } from './transport.ts';
import { webSocketTransport } from './web-socket.ts';
import { wsTransport } from './ws.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

/** A server whose sockets behave as given. */
async function serving(behave: (socket: WebSocket, request: IncomingMessage) => void): Promise<string> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, request) =>
    behave(
      socket.on('error', () => {}),
      request,
    ),
  );
  cleanUps.push(async () => {
    for (const socket of sockets.clients) socket.terminate();
  });
  return listening(http);
}

/** A server that answers every upgrade with a status. */
function refusing(status: number, headers: Record<string, string> = {}): Promise<string> {
  const http = createServer();
  http.on('upgrade', (_, socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: 0\r\n\r\n`);
  });
  return listening(http);
}

async function failureOf(promise: Promise<unknown>): Promise<TransportError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(TransportError);
  return error as TransportError;
}

const transports: readonly [string, () => Transport][] = [
  ['ws', () => wsTransport()],
  ['the WebSocket of the runtime', () => webSocketTransport()],
];

test.each(transports)('%s carries text both ways, in order, up to the close', async (_, transport) => {
  const url = await serving((socket) => {
    socket.on('message', (data) => {
      for (const part of ['one', 'zwei ✓', data.toString()]) socket.send(part);
      socket.close(1000, 'done');
    });
  });
  const connection = await transport()(url);
  connection.send('three');
  expect(await Array.fromAsync(connection.frames)).toEqual(['one', 'zwei ✓', 'three']);
  expect(await connection.closed).toEqual({ code: 1000, reason: 'done' });
  connection.send('after the end');
  connection.close();
});

test.each(transports)('%s closes with the status it is told', async (_, transport) => {
  const codes = Promise.withResolvers<number>();
  const url = await serving((socket) => socket.on('close', (code) => codes.resolve(code)));
  const connection = await transport()(url);
  connection.close();
  connection.close();
  expect(await codes.promise).toBe(1000);
  expect(await Array.fromAsync(connection.frames)).toEqual([]);
  expect(await connection.closed).toMatchObject({ code: 1000 });
});

test.each(transports)('%s tells a connection that breaks as 1006', async (_, transport) => {
  const url = await serving((socket) => {
    socket.send('before', () => socket.terminate());
  });
  const connection = await transport()(url);
  expect(await Array.fromAsync(connection.frames)).toEqual(['before']);
  expect((await connection.closed).code).toBe(1006);
});

test.each(transports)(
  '%s rejects when nothing listens, when the address is none, and when it is given up',
  async (_, t) => {
    const url = await refusing(200);
    await cleanUps.pop()?.();
    expect((await failureOf(t()(url))).status).toBeUndefined();
    expect(await failureOf(t()('ws://'))).toMatchObject({ failure: 'invalid_url', permanent: true });
    expect(await failureOf(t()(url, { signal: AbortSignal.abort() }))).toMatchObject({ failure: 'aborted' });
  },
);

test.each(transports)('%s gives an opening up that nobody answers', async (_, transport) => {
  const http = createServer();
  const left = Promise.withResolvers<void>();
  http.on('upgrade', (__, socket) => {
    socket.on('error', () => {}).on('close', () => left.resolve());
    socket.on('end', () => socket.destroy()).resume();
  });
  const url = await listening(http);
  const user = new AbortController();
  const opening = transport()(url, { signal: user.signal });
  await once(http, 'upgrade');
  user.abort();
  expect(await failureOf(opening)).toMatchObject({ failure: 'aborted' });
  await left.promise;
});

test('ws sends the Origin it is told and shows the headers of the upgrade', async () => {
  const origins: (string | undefined)[] = [];
  const url = await serving((socket, { headers }) => {
    origins.push(headers.origin);
    socket.close();
  });
  const connection = await wsTransport()(url, { headers: { origin: 'https://shop.example.test' } });
  await connection.closed;
  expect(origins).toEqual(['https://shop.example.test']);
  expect(connection.headers).toMatchObject({ upgrade: 'websocket' });
});

test('ws shows status and headers of a refused upgrade', async () => {
  const url = await refusing(403, { 'ININ-Correlation-Id': 'corr-1', 'Retry-After': '7' });
  const error = await failureOf(wsTransport()(url));
  expect(error).toMatchObject({ failure: 'upgrade_refused', status: 403, permanent: false });
  expect(error.headers).toMatchObject({ 'inin-correlation-id': 'corr-1', 'retry-after': '7' });
});

test('ws names a connection that was refused', async () => {
  const url = await refusing(200);
  await cleanUps.pop()?.();
  expect(await failureOf(wsTransport()(url))).toMatchObject({ failure: 'ECONNREFUSED', permanent: false });
});

test('ws takes no frame beyond the limit and no binary frame', async () => {
  const large = await serving((socket) => socket.send('x'.repeat(2000)));
  const tooLarge = await wsTransport({ maxFrameBytes: 1000 })(large);
  expect(await Array.fromAsync(tooLarge.frames)).toEqual([]);
  const codes = Promise.withResolvers<number>();
  const binary = await serving((socket) => {
    socket.on('close', (code) => codes.resolve(code));
    socket.send(new Uint8Array([1, 2]));
  });
  const connection = await wsTransport()(binary);
  expect(await Array.fromAsync(connection.frames)).toEqual([]);
  expect(await codes.promise).toBe(1003);
});

test('frames that nobody reads yet wait, however many there are', async () => {
  const url = await serving((socket) => {
    for (let n = 0; n < 2000; n += 1) socket.send(String(n));
    socket.close();
  });
  const connection = await wsTransport()(url);
  const read = await Array.fromAsync(connection.frames);
  expect(read).toEqual(Array.from({ length: 2000 }, (_, n) => String(n)));
});
