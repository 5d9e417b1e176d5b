import { createServer, type Server as HttpServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { ExchangeError, type HttpRequest } from './exchange.ts';
import { type UndiciExchangeOptions, undiciExchange } from './undici.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listening(server: Server | HttpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(async () => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (listener: RequestListener) => listening(createServer(listener));

/** A peer that speaks no HTTP of its own: what it does with a connection is given. */
const behaving = (behave: (socket: Socket) => void) =>
  listening(createTcpServer((socket) => void behave(socket.on('error', () => {}))));

function client(options?: UndiciExchangeOptions) {
  const { exchange, close } = undiciExchange(options);
  cleanUps.push(close);
  return exchange;
}

const post = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json' },
  body: '{"hello":"wörld"}',
  ...more,
});

const failureOf = async (promise: Promise<unknown>): Promise<ExchangeError> => {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ExchangeError);
  return error;
};

test('a request arrives whole and its answer is read whole', async () => {
  const url = await answering(async (request, response) => {
    const chunks = await Array.fromAsync(request);
    response.writeHead(201, { 'content-type': 'text/plain', 'x-two': ['a', 'b'] });
    response.write('first ');
    response.end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`);
  });
  const response = await client()(post(`${url}/guests?x=1`));
  expect(response.status).toBe(201);
  expect(response.headers).toMatchObject({ 'content-type': 'text/plain', 'x-two': 'a, b' });
  expect(Buffer.from(response.body).toString()).toBe('first POST /guests?x=1 {"hello":"wörld"}');
});

test('a redirect is an answer, not a journey', async () => {
  const url = await answering((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect((await client()(post(url))).status).toBe(302);
});

test('two hundred refused answers leave the connection fit for the next', async () => {
  const sockets = new Set<Socket>();
  const url = await answering((request, response) => {
    sockets.add(request.socket);
    response.writeHead(429, { 'retry-after': '1' }).end('x'.repeat(1000));
  });
  const exchange = client({ connections: 2 });
  for (let i = 0; i < 200; i += 1) expect((await exchange(post(url))).status).toBe(429);
  expect(sockets.size).toBeLessThanOrEqual(2);
});

test('a closed port is a request that was not sent', async () => {
  const server = createTcpServer();
  const url = await listening(server);
  await cleanUps.pop()?.();
  expect(await failureOf(client()(post(url)))).toMatchObject({ failure: 'ECONNREFUSED', sent: 'no' });
});

test('a connection reset after the request was read may have been acted upon', async () => {
  const url = await behaving((socket) => socket.once('data', () => socket.resetAndDestroy()));
  expect(await failureOf(client()(post(url)))).toMatchObject({ sent: 'maybe', status: undefined });
});

test('a connection that ends just as it is used again may have brought the request', async () => {
  const url = await behaving((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n');
      socket.once('data', () => socket.destroy());
    });
  });
  const exchange = client({ connections: 1 });
  expect((await exchange(post(url))).status).toBe(201);
  expect(await failureOf(exchange(post(url)))).toMatchObject({ sent: 'maybe', status: undefined, permanent: false });
  expect((await exchange(post(url))).status).toBe(201);
});

test('a connection that the platform will end within two seconds is not used again', async () => {
  const socketsUsed = async (seconds: number) => {
    const sockets = new Set<Socket>();
    const url = await answering((request, response) => {
      sockets.add(request.socket);
      response.writeHead(201, { connection: 'keep-alive', 'keep-alive': `timeout=${seconds}` }).end();
    });
    const exchange = client({ connections: 1 });
    for (let i = 0; i < 3; i += 1) await exchange(post(url));
    return sockets.size;
  };
  expect(await socketsUsed(2)).toBe(3);
  expect(await socketsUsed(60)).toBe(1);
});

test('a status whose body breaks off is told with the failure', async () => {
  const url = await behaving((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{"guest')),
  );
  expect(await failureOf(client()(post(url)))).toMatchObject({ sent: 'maybe', status: 201 });
});

test('an answer that is not HTTP is no answer', async () => {
  const url = await behaving((socket) => socket.once('data', () => socket.end('SMTP ready\r\n')));
  expect(await failureOf(client()(post(url)))).toMatchObject({ sent: 'maybe' });
});

test('an answer larger than the bound is refused unread', async () => {
  const url = await answering((_, response) => response.end(Buffer.alloc(5000)));
  const error = await failureOf(client({ maxBodyBytes: 4096 })(post(url)));
  expect(error).toMatchObject({ failure: 'body_too_large', status: 200 });
});

test('an abort before the call sends nothing', async () => {
  let asked = 0;
  const url = await answering((_, response) => {
    asked += 1;
    response.end();
  });
  const error = await failureOf(client()(post(url, { signal: AbortSignal.abort() })));
  expect(error).toMatchObject({ failure: 'aborted', sent: 'no' });
  expect(asked).toBe(0);
});

test('an abort while waiting for a free connection was not sent', async () => {
  const firstArrived = Promise.withResolvers<void>();
  const url = await answering(() => firstArrived.resolve());
  const exchange = client({ connections: 1 });
  const stop = new AbortController();
  const first = failureOf(exchange(post(url, { signal: stop.signal })));
  await firstArrived.promise;
  const second = failureOf(exchange(post(url, { signal: stop.signal })));
  stop.abort();
  expect(await first).toMatchObject({ failure: 'aborted', sent: 'maybe' });
  expect(await second).toMatchObject({ failure: 'aborted', sent: 'no' });
});

test('an address that is none fails before anything is sent', async () => {
  expect(await failureOf(client()(post('not a url')))).toMatchObject({ sent: 'no' });
});

test('with a proxy every request goes through it', async () => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const url = await listening(proxy);
  const exchange = client({ proxy: url });
  await failureOf(exchange(post('https://login.example.test/oauth/token')));
  await failureOf(exchange(post('https://api.example.test/guests')));
  expect(asked).toEqual(['login.example.test:443', 'api.example.test:443']);
});

test('a tunnel that the proxy refuses is a request that was not sent, and that nobody gave up', async () => {
  const proxy = createServer();
  proxy.on('connect', (_, socket: Socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  const error = await failureOf(client({ proxy: await listening(proxy) })(post('https://api.example.test/guests')));
  expect(error).toMatchObject({ failure: 'proxy_refused', sent: 'no', permanent: false });
});

test('a proxy that once said nothing does not hold up what comes later', async () => {
  let asked = 0;
  const proxy = createServer();
  proxy.on('connect', (_, socket: Socket) => {
    asked += 1;
    socket.resume().on('end', () => socket.end());
    if (asked > 1) socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const exchange = client({ proxy: await listening(proxy), connections: 1, connectTimeoutMs: 20 });
  expect(await failureOf(exchange(post('https://api.example.test/guests')))).toMatchObject({ sent: 'no' });
  expect(await failureOf(exchange(post('https://api.example.test/guests')))).toMatchObject({
    failure: 'proxy_refused',
  });
});

test('the address of a proxy, which may hold a password, stands in no error', async () => {
  const error = await failureOf(client({ proxy: 'http://user:hunter2@no host' })(post('https://api.example.test/')));
  expect(error).toMatchObject({ failure: 'ERR_INVALID_URL', sent: 'no', permanent: true });
  expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
});

test('closing does not wait for the connection of a request that was given up', async () => {
  const clock = manualClock();
  const { exchange, close } = undiciExchange({ clock, connectTimeoutMs: 60_000 });
  const accepted = Promise.withResolvers<Socket>();
  const mute = (await behaving((socket) => accepted.resolve(socket.resume()))).replace('http:', 'https:');
  const waiting = failureOf(exchange(post(mute, { deadlineAt: clock.monotonic() + 1000 })));
  const socket = await accepted.promise;
  await clock.advance(1000);
  expect(await waiting).toMatchObject({ failure: 'deadline', sent: 'no' });
  await close();
  socket.destroy();
});

test('closing waits for the answer to a request under way', async () => {
  const arrived = Promise.withResolvers<ServerResponse>();
  const url = await answering((_, response) => arrived.resolve(response));
  const { exchange, close } = undiciExchange();
  const answer = exchange(post(url));
  const response = await arrived.promise;
  const closed = close();
  response.end('late');
  expect(Buffer.from((await answer).body).toString()).toBe('late');
  await closed;
});

test('an exchange may be closed twice, and sends nothing afterwards', async () => {
  const url = await answering((_, response) => response.end());
  const { exchange, close } = undiciExchange();
  await exchange(post(url));
  await close();
  await expect(close()).resolves.toBeUndefined();
  const error = await failureOf(exchange(post(url)));
  expect(error).toMatchObject({ failure: 'closed', sent: 'no', permanent: true });
});

test('a request ends at its deadline: before it is sent, while it waits, and with an answer half read', async () => {
  const clock = manualClock();
  const exchange = client({ clock });
  const silent = await behaving((socket) => void socket.resume());
  const started = Promise.withResolvers<void>();
  const halfway = await answering((_, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
    started.resolve();
  });
  const deadlineAt = clock.monotonic() + 1000;
  const waiting = failureOf(exchange(post(silent, { deadlineAt })));
  const reading = failureOf(exchange(post(halfway, { deadlineAt })));
  await started.promise;
  await clock.advance(1000);
  expect(await waiting).toMatchObject({ failure: 'deadline' });
  expect(await reading).toMatchObject({ failure: 'deadline', sent: 'maybe' });
  expect(await failureOf(exchange(post(silent, { deadlineAt })))).toMatchObject({ failure: 'deadline', sent: 'no' });
  expect(clock.pending).toBe(0);
});

test('an answer in time leaves no timer behind', async () => {
  const clock = manualClock();
  const url = await answering((_, response) => response.end('ok'));
  const response = await client({ clock })(post(url, { deadlineAt: clock.monotonic() + 1000 }));
  expect(response.status).toBe(200);
  expect(clock.pending).toBe(0);
});
