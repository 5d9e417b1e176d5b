import * as fc from 'fast-check';
import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { callRaw, exchangeRaw } from '../testing/raw-http.ts';
import { readJsonBody } from './body.ts';
import { createProblems } from './problem.ts';
import { refusalOf } from './refusal.ts';
import { type Handler, type Listener, type ServeOptions, serve } from './serve.ts';
import type { Turned } from './turn-away.ts';

const problems = createProblems();

interface Setup {
  readonly listener: Listener;
  readonly seen: string[];
  readonly turned: Turned[];
  /** Lets requests to /wait go on. */
  readonly release: () => void;
  [Symbol.asyncDispose](): Promise<void>;
}

async function start(options: Partial<ServeOptions> = {}): Promise<Setup> {
  const seen: string[] = [];
  const turned: Turned[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = new Hono();
  app.use(async ({ req }, next) => {
    seen.push(`${req.method} ${req.path}`);
    await next();
  });
  app.get('/', (context) => context.text('welcome'));
  app.get('/wait', async (context) => {
    await released;
    return context.text('waited');
  });
  app.get('/throw', () => {
    throw new Error('canary in /home/canary.ts');
  });
  app.post('/v1/guests', async (context) => {
    const body = await readJsonBody(context.req.raw);
    return body.ok ? context.json(body.value) : problems.reply(refusalOf(body.error), 'req_12345678');
  });
  app.onError((error) => {
    throw error;
  });
  const listener = await serve(app.fetch as Handler, {
    clock: systemClock,
    problems,
    onTurned: (event) => turned.push(event),
    ...options,
  });
  return { listener, seen, turned, release, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly code: string | undefined;
}

function answersIn(text: string): Answer[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== '')
    .map((part) => {
      const [headers = '', body = ''] = part.split('\r\n\r\n');
      return {
        status: Number(headers.slice(9, 12)),
        headers: headers.toLowerCase(),
        code: body.startsWith('{') ? JSON.parse(body).code : undefined,
      };
    });
}

const statusesOf = (text: string) =>
  answersIn(text).map(({ status, code }) => (code ? `${status} ${code}` : `${status}`));

async function ask(port: number, bytes: string): Promise<string[]> {
  return statusesOf(await exchangeRaw(port, bytes));
}

const host = 'Host: gateway.test\r\n';
const json = 'Content-Type: application/json\r\n';
const post = `POST /v1/guests HTTP/1.1\r\n${host}${json}`;
const smuggled = `GET / HTTP/1.1\r\n${host}\r\n`;

test.each([
  ['Content-Length and Transfer-Encoding', `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  ['a negative length', `${post}Content-Length: -5\r\n\r\n{}`],
  ['a length with an exponent', `${post}Content-Length: 1e3\r\n\r\n{}`],
  ['a list of lengths', `${post}Content-Length: 2, 2\r\n\r\n{}`],
  ['a length with a sign', `${post}Content-Length: +2\r\n\r\n{}`],
  ['an unknown coding', `${post}Transfer-Encoding: xchunked\r\n\r\n${smuggled}`],
  ['two codings', `${post}Transfer-Encoding: chunked, identity\r\n\r\n${smuggled}`],
  ['the coding twice', `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['gzip and chunked', `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a vertical tab in the coding', `${post}Transfer-Encoding: chunked\x0b\r\n\r\n${smuggled}`],
  ['a coding in HTTP/1.0', `POST /v1/guests HTTP/1.0\r\n${json}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['bare line feeds', `GET / HTTP/1.1\n${host.replace('\r', '')}\n`],
  ['a folded header', `GET / HTTP/1.1\r\n${host}X-A: 1\r\n 2\r\n\r\n`],
  ['a space before the colon', `GET / HTTP/1.1\r\n${host}X-A : 1\r\n\r\n`],
  ['a NUL in a header', `GET / HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`],
  ['a lone carriage return in a header', `GET / HTTP/1.1\r\n${host}X-A: a\rb\r\n\r\n`],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`],
  ['a Host with a user', 'GET / HTTP/1.1\r\nHost: evil@gateway.test\r\n\r\n'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: gateway.test/evil\r\n\r\n'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ['a Host with a wild port', 'GET / HTTP/1.1\r\nHost: gateway.test:99999\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${host}\r\n`],
  ['HTTP/3.0', `GET / HTTP/3.0\r\n${host}\r\n`],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['the word of a proxy', `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n${host}\r\n`],
  ['the binary word of a proxy', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'],
  ['the banner of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['nothing but NUL', '\0'.repeat(200)],
  ['an empty coding', `${post}Transfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}${smuggled}`],
  ['a length in hexadecimal', `${post}Content-Length: 0x2\r\n\r\n{}`],
  ['the same length twice', `${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`],
  ['a length beyond counting', `${post}Content-Length: 99999999999999999999\r\n\r\n{}`],
  ['a Host in brackets that is none', 'GET / HTTP/1.1\r\nHost: [:::]\r\n\r\n'],
  ['a Host that is a star', 'GET / HTTP/1.1\r\nHost: *\r\n\r\n'],
  ['a header without a name', `GET / HTTP/1.1\r\n${host}: 1\r\n\r\n`],
  ['an absolute target', `GET http://evil.test/ HTTP/1.1\r\n${host}\r\n`],
  ['an absolute target of our own', `GET http://gateway.test/ HTTP/1.1\r\n${host}\r\n`],
  ['CONNECT', `CONNECT evil.test:443 HTTP/1.1\r\n${host}\r\n`],
  ['an asterisk', `OPTIONS * HTTP/1.1\r\n${host}\r\n`],
  ['an unknown method', `BREW / HTTP/1.1\r\n${host}\r\n`],
  ['a wish that is not known', `${post}Expect: a-miracle\r\nTransfer-Encoding: xchunked\r\n\r\n${smuggled}`],
  ['a dot segment', `GET /x/../ HTTP/1.1\r\n${host}\r\n`],
  ['an escaped dot segment', `GET /x/%2e%2E/ HTTP/1.1\r\n${host}\r\n`],
  ['an escaped letter', `POST /v1/%67uests HTTP/1.1\r\n${host}\r\n`],
  ['an escaped slash', `GET /v1%2fguests HTTP/1.1\r\n${host}\r\n`],
  ['an escaped NUL', `GET /v1/guests%00 HTTP/1.1\r\n${host}\r\n`],
  ['half an escape', `GET /%zz HTTP/1.1\r\n${host}\r\n`],
  ['a backslash', `GET /v1\\guests HTTP/1.1\r\n${host}\r\n`],
  ['a fragment', `GET /#x HTTP/1.1\r\n${host}\r\n`],
  ['a byte beyond ASCII in the target', `GET /\xff HTTP/1.1\r\n${host}\r\n`],
])('%s is answered 400, the connection is closed, and the app never sees it', async (_name, bytes) => {
  await using setup = await start();
  const text = await exchangeRaw(setup.listener.port, Buffer.from(bytes, 'latin1'));
  expect(statusesOf(text)).toEqual(['400 http_malformed']);
  expect(text.toLowerCase()).toContain('connection: close');
  expect(text.toLowerCase()).toContain('content-type: application/problem+json');
  expect(text.toLowerCase()).toContain('x-content-type-options: nosniff');
  expect(text).not.toContain('evil');
  expect(setup.seen).toEqual([]);
  expect(setup.turned).toEqual([{ code: 'http_malformed', address: '127.0.0.1' }]);
  expect((await fetch(setup.listener.url)).status).toBe(200);
});

test.each([
  ['a block of 20 KB', `X-A: ${'a'.repeat(20_000)}\r\n`],
  ['three thousand headers', Array.from({ length: 3_000 }, (_, i) => `a${i % 9}:\r\n`).join('')],
  ['a hundred and one headers', 'X-A: 1\r\n'.repeat(101)],
])('%s is answered 431', async (_name, headers) => {
  await using setup = await start();
  const text = await exchangeRaw(setup.listener.port, `GET / HTTP/1.1\r\n${host}${headers}\r\n`);
  expect(statusesOf(text)).toEqual(['431 headers_too_large']);
  expect(setup.seen).toEqual([]);
});

test('what a caller sends while it is told of too many headers does not hide the answer', async () => {
  await using setup = await start();
  const headers = Array.from({ length: 5_000 }, (_, i) => `X-${i}: ${'a'.repeat(200)}\r\n`).join('');
  expect(await ask(setup.listener.port, `GET / HTTP/1.1\r\n${host}${headers}\r\n`)).toEqual(['431 headers_too_large']);
});

test('slow headers and slow bodies are answered 408', async () => {
  await using setup = await start({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, timeoutCheckMs: 20 } });
  const { port } = setup.listener;
  const slow = [
    'GET / HTTP/1.1\r\nHost: gat',
    `${post}Content-Length: 10\r\n\r\n{"a"`,
    `${post}Transfer-Encoding: chunked\r\n\r\n`,
  ];
  expect(await Promise.all(slow.map((bytes) => ask(port, bytes)))).toEqual(slow.map(() => ['408 request_timeout']));
  expect(setup.turned.map(({ code }) => code)).toEqual(slow.map(() => 'request_timeout'));
});

test('a connection on which nothing is ever sent is closed in time', async () => {
  await using setup = await start({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, timeoutCheckMs: 20 } });
  expect(await ask(setup.listener.port, '')).toEqual(['408 request_timeout']);
});

test('a body cut short by its sender is answered and does not reach the app as a whole', async () => {
  await using setup = await start();
  using caller = await callRaw(setup.listener.port);
  caller.socket.end(`${post}Content-Length: 10\r\n\r\n{"a"`);
  expect(statusesOf(await caller.closed())).toEqual(['400 http_malformed']);
});

test('what follows a body is no part of it: the first request is answered, and rubbish behind it with 400', async () => {
  await using setup = await start();
  const text = await exchangeRaw(setup.listener.port, `${post}Content-Length: 2\r\n\r\n{}rubbish\r\n\r\n`);
  expect(statusesOf(text)).toEqual(['200', '400 http_malformed']);
});

test('rubbish behind a request waits for its answer, however long that takes', async () => {
  await using setup = await start();
  using caller = await callRaw(setup.listener.port);
  caller.write(`GET /wait HTTP/1.1\r\n${host}\r\nrubbish\r\n\r\n`);
  using other = await callRaw(setup.listener.port);
  other.write(`GET / HTTP/1.1\r\n${host}\r\n`);
  await other.received('welcome');
  setup.release();
  expect(statusesOf(await caller.closed())).toEqual(['200', '400 http_malformed']);
});

test.each([
  ['a size in hexadecimal notation', '0x2\r\n{}\r\n0\r\n\r\n'],
  ['a size beyond counting', 'FFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n'],
  ['bare line feeds', '2\n{}\n0\n\n'],
  ['an endless extension', `2;${'a'.repeat(70_000)}\r\n{}\r\n0\r\n\r\n`],
  ['a length among the trailers', '2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n'],
])('chunks with %s are answered 400', async (_name, chunks) => {
  await using setup = await start();
  const text = await exchangeRaw(setup.listener.port, `${post}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
  expect(statusesOf(text)).toEqual(['400 http_malformed']);
});

test('a bad chunk ends the request it belongs to', async () => {
  await using setup = await start();
  const text = await exchangeRaw(setup.listener.port, `${post}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`);
  expect(statusesOf(text)).toEqual(['400 http_malformed']);
});

test.each([
  ['a declared length', `${post}Content-Length: 1048576\r\n\r\n`, 1_048_576],
  ['chunks', `${post}Transfer-Encoding: chunked\r\n\r\n`, 1_048_576],
  ['one byte too many', `${post}Content-Length: 32769\r\n\r\n`, 32_769],
])('a body too large is answered 413 although its sender goes on: %s', async (_name, head, length) => {
  await using setup = await start();
  const chunk = head.includes('chunked') ? `4000\r\n${' '.repeat(0x4000)}\r\n` : ' '.repeat(0x4000);
  using caller = await callRaw(setup.listener.port);
  caller.write(head + chunk.repeat(Math.ceil(length / 0x4000)).slice(0, head.includes('chunked') ? undefined : length));
  const text = await caller.closed();
  expect(statusesOf(text)).toEqual(['413 body_too_large']);
  expect(text.toLowerCase()).toContain('connection: close');
});

test('chunks without an end are cut after the answer', async () => {
  await using setup = await start();
  using caller = await callRaw(setup.listener.port);
  const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`;
  caller.write(`${post}Transfer-Encoding: chunked\r\n\r\n`);
  const more = () => {
    while (caller.socket.writable && caller.socket.write(chunk));
  };
  caller.socket.on('drain', more);
  more();
  expect(statusesOf(await caller.closed())).toEqual(['413 body_too_large']);
});

test('HTTP/1.0 is answered and closed', async () => {
  await using setup = await start();
  expect(await ask(setup.listener.port, 'GET / HTTP/1.0\r\n\r\n')).toEqual(['200']);
});

test('a wish for another protocol is ignored', async () => {
  await using setup = await start();
  const upgrade = `Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
  expect(await ask(setup.listener.port, `GET / HTTP/1.1\r\n${host}${upgrade}\r\n`)).toEqual(['200']);
});

test('paths are matched as they are written', async () => {
  await using setup = await start();
  const paths = ['//v1/guests', '/V1/GUESTS', '/v1/guests/', '/v1/guests;x', '/v1//guests'];
  for (const path of paths) {
    const bytes = `POST ${path} HTTP/1.1\r\n${host}${json}Connection: close\r\nContent-Length: 2\r\n\r\n{}`;
    expect(await ask(setup.listener.port, bytes)).toEqual(['404']);
  }
});

test('requests in a row on one connection are answered in their order, up to the bound', async () => {
  await using setup = await start({ limits: { maxRequestsPerConnection: 3 } });
  const text = await exchangeRaw(setup.listener.port, smuggled.repeat(5));
  expect(statusesOf(text)).toEqual(['200', '200', '200']);
  expect(setup.seen).toHaveLength(3);
});

test('an error the app lets through is answered without a word of it', async () => {
  const errors: unknown[] = [];
  await using setup = await start({ onError: (error) => errors.push(error) });
  const response = await fetch(`${setup.listener.url}/throw`);
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ code: 'internal_error' });
  expect(text).not.toContain('canary');
  expect(errors).toHaveLength(1);
});

test('one address may have only so many connections, and trusted ones any number', async () => {
  await using setup = await start({ limits: { maxConnectionsPerAddress: 2 } });
  const { port } = setup.listener;
  using first = await callRaw(port);
  using second = await callRaw(port);
  first.write(smuggled);
  second.write(smuggled);
  await Promise.all([first.received('welcome'), second.received('welcome')]);
  const told = await exchangeRaw(port, smuggled);
  expect(statusesOf(told)).toEqual(['429 too_many_requests']);
  expect(told.toLowerCase()).toContain('connection: close');
  expect(setup.turned).toEqual([{ code: 'too_many_connections', address: '127.0.0.1' }]);
  first.socket.destroy();
  await first.closed();
  second.write(smuggled);
  await second.received('welcome');

  await using open = await start({ limits: { maxConnectionsPerAddress: 1 }, isTrusted: (at) => at === '127.0.0.1' });
  using third = await callRaw(open.listener.port);
  using fourth = await callRaw(open.listener.port);
  fourth.write(smuggled);
  third.write(smuggled);
  await Promise.all([third.received('welcome'), fourth.received('welcome')]);
});

test('connections too many that never ask are ended, and of too many of those none is kept', async () => {
  const clock = manualClock();
  await using setup = await start({ clock, limits: { maxConnectionsPerAddress: 1 } });
  const { port } = setup.listener;
  using first = await callRaw(port);
  first.write(smuggled);
  await first.received('welcome');
  using silent = await callRaw(port);
  expect(await ask(port, '')).toEqual([]);
  expect(setup.turned).toHaveLength(1);
  await clock.advance(2_000);
  expect(await silent.closed()).toBe('');
  expect(setup.turned).toHaveLength(2);
  first.write(smuggled);
  await first.received('welcome');
});

test('more connections than are borne in all are turned away', async () => {
  await using setup = await start({ limits: { maxConnections: 1 } });
  using first = await callRaw(setup.listener.port);
  first.write(smuggled);
  await first.received('welcome');
  expect(await ask(setup.listener.port, smuggled)).toEqual(['503 overloaded']);
  expect(setup.turned).toEqual([{ code: 'too_many_connections', address: '127.0.0.1' }]);
});

test('a port in use is told as the error of the system', async () => {
  await using setup = await start();
  await expect(start({ port: setup.listener.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a refused body does not spoil the next request on its connection', async () => {
  await using setup = await start();
  const refused = `POST /v1/guests HTTP/1.1\r\n${host}Content-Type: text/plain\r\nContent-Length: 100000\r\n\r\n`;
  using caller = await callRaw(setup.listener.port);
  caller.write(refused + 'x'.repeat(100_000) + smuggled);
  expect(statusesOf(await caller.received('welcome'))).toEqual(['415 unsupported_media_type', '200']);
});

test('whatever bytes arrive, the answer is an answer of ours and the next request is served', async () => {
  await using setup = await start();
  const { port, url } = setup.listener;
  const piece = fc.oneof(
    fc.constantFrom(post, smuggled, host, json, '\r\n', '\r\n\r\n', 'Content-Length: 5\r\n', '{}', '0\r\n\r\n', 'GET '),
    fc.constantFrom(
      'Transfer-Encoding: chunked\r\n',
      'Expect: 100-continue\r\n',
      'Upgrade: h2c\r\n',
      '/%',
      ' HTTP/1.1\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      using caller = await callRaw(port);
      caller.socket.end(Buffer.from(pieces.join(''), 'latin1'));
      for (const { status } of answersIn(await caller.closed()))
        expect([100, 200, 400, 404, 415, 431]).toContain(status);
      expect((await fetch(url)).status).toBe(200);
    }),
    { numRuns: 150 },
  );
});
