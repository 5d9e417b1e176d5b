import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSocketServer, type Server } from 'node:net';
import { Hono } from 'hono';
import { expect, onTestFinished, test } from 'vitest';
import type { HttpRequest } from './exchange.ts';
import { type Fetch, fetchExchange } from './fetch.ts';

const request: HttpRequest = {
  method: 'POST',
  url: 'http://api.example/guests?x=1',
  headers: { 'content-type': 'application/json', authorization: 'Bearer hunter2' },
  body: '{"channelId":"é"}',
};
const textOf = (body: Uint8Array) => new TextDecoder().decode(body);

async function addressOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
}

test('an in-process app is asked what was asked, and its answer read whole', async () => {
  const app = new Hono();
  app.post('/guests', async (c) => {
    const { authorization, 'content-type': type } = c.req.header();
    return c.json({ body: await c.req.text(), query: c.req.query('x'), authorization, type }, 201, {
      'X-Case': 'kept',
    });
  });
  const { status, headers, body } = await fetchExchange(app.fetch)(request);
  expect(status).toBe(201);
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-case': 'kept' });
  expect(JSON.parse(textOf(body))).toEqual({
    body: '{"channelId":"é"}',
    query: '1',
    authorization: 'Bearer hunter2',
    type: 'application/json',
  });
});

test('bytes go out as they are, and an answer without a body is empty', async () => {
  const seen: number[] = [];
  const fetch: Fetch = async (asked) => {
    seen.push(...(await asked.bytes()));
    return new Response(null, { status: 204 });
  };
  const { status, body } = await fetchExchange(fetch)({ ...request, body: Uint8Array.of(0, 255, 10) });
  expect([status, body.byteLength, seen]).toEqual([204, 0, [0, 255, 10]]);
});

test('repeated and oddly named headers survive', async () => {
  const headers = new Headers([
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['vary', 'x'],
    ['vary', 'y'],
    ['__proto__', 'z'],
  ]);
  const answer = await fetchExchange(() => new Response('', { headers }))(request);
  expect(answer.headers['set-cookie']).toBe('a=1, b=2');
  expect(answer.headers.vary).toBe('x, y');
  expect(Object.entries(answer.headers)).toContainEqual(['__proto__', 'z']);
  expect(answer.headers.constructor).toBeUndefined();
});

test('a redirect is returned, not followed', async () => {
  const seen: string[] = [];
  const origin = await addressOf(
    createServer((incoming, response) => {
      seen.push(incoming.url ?? '');
      response.writeHead(307, { location: '/elsewhere' }).end();
    }),
  );
  const { status, headers } = await fetchExchange()({ ...request, url: `${origin}/guests` });
  expect([status, headers.location, seen]).toEqual([307, '/elsewhere', ['/guests']]);
});

test('a runtime that hides the redirect still shows that there was one', async () => {
  const hidden = Object.defineProperties(new Response(), { type: { value: 'opaqueredirect' }, status: { value: 0 } });
  expect((await fetchExchange(() => hidden)(request)).status).toBe(302);
});

test('an error response is no answer', async () => {
  await expect(fetchExchange(() => Response.error())(request)).rejects.toMatchObject({
    failure: 'network_error',
    sent: 'maybe',
  });
});

test('a refused connection proves that nothing was sent', async () => {
  const server = createServer();
  const origin = await addressOf(server);
  await new Promise((resolve) => server.close(resolve));
  await expect(fetchExchange()({ ...request, url: origin })).rejects.toMatchObject({
    failure: 'ECONNREFUSED',
    sent: 'no',
    permanent: false,
  });
});

test('a connection closed after the request leaves the outcome open', async () => {
  const origin = await addressOf(createSocketServer((socket) => socket.once('data', () => socket.destroy())));
  await expect(fetchExchange()({ ...request, url: origin })).rejects.toMatchObject({ sent: 'maybe', permanent: false });
});

test('TLS spoken to a plain port is permanent', async () => {
  const origin = await addressOf(
    createSocketServer((socket) => socket.on('error', () => {}).once('data', () => socket.end('plain\r\n'))),
  );
  await expect(fetchExchange()({ ...request, url: origin.replace('http:', 'https:') })).rejects.toMatchObject({
    failure: 'ERR_SSL_WRONG_VERSION_NUMBER',
    sent: 'no',
    permanent: true,
  });
});

test('a request that cannot be built is permanent and quotes nothing', async () => {
  for (const odd of [
    { url: 'nope hunter2' },
    { headers: { a: 'hunter2\nx' } },
    { method: 'GET' },
    { url: 'http://u:hunter2@h/' },
  ]) {
    const error = await fetchExchange(() => new Response())({ ...request, ...odd }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'invalid_request', sent: 'no', permanent: true });
    expect(String(error)).not.toContain('hunter2');
    expect(error).not.toHaveProperty('cause');
  }
});

test('an abort before the call sends nothing, an abort during it leaves the outcome open', async () => {
  let calls = 0;
  const fetch: Fetch = ({ signal }) => {
    calls += 1;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  await expect(fetchExchange(fetch)({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({
    failure: 'aborted',
    sent: 'no',
  });
  expect(calls).toBe(0);
  const controller = new AbortController();
  const outcome = fetchExchange(fetch)({ ...request, signal: controller.signal });
  controller.abort(new Error('any reason'));
  await expect(outcome).rejects.toMatchObject({ failure: 'aborted', sent: 'maybe' });
});

test('a body up to the limit is read, a larger one is given up', async () => {
  const exchange = (size: number) => fetchExchange(() => new Response('x'.repeat(size)), { maxBodyBytes: 100 });
  expect((await exchange(100)(request)).body.byteLength).toBe(100);
  await expect(exchange(101)(request)).rejects.toMatchObject({ failure: 'body_too_large', sent: 'maybe', status: 200 });
});

test('an endless body is cancelled', async () => {
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    cancel() {
      cancelled = true;
    },
  });
  await expect(fetchExchange(() => new Response(endless))(request)).rejects.toMatchObject({
    failure: 'body_too_large',
  });
  expect(cancelled).toBe(true);
});

test('a body that breaks off keeps the status and leaves the outcome open', async () => {
  const origin = await addressOf(
    createServer((_, response) => {
      response.writeHead(201, { 'content-length': '100' }).write('{"guest');
      response.socket?.end();
    }),
  );
  await expect(fetchExchange()({ ...request, url: origin })).rejects.toMatchObject({ sent: 'maybe', status: 201 });
});

test('an abort ends the reading of a body that stalls', async () => {
  const controller = new AbortController();
  let cancelled = false;
  const stalled = new ReadableStream({
    cancel() {
      cancelled = true;
    },
  });
  const outcome = fetchExchange(async () => new Response(stalled))({ ...request, signal: controller.signal });
  const rejected = expect(outcome).rejects.toMatchObject({ failure: 'aborted', sent: 'maybe', status: 200 });
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await rejected;
  expect(cancelled).toBe(true);
});

test('reading a body leaves no listener behind', async () => {
  const listenersAfter = async (body: string | null) => {
    const { signal } = new AbortController();
    await fetchExchange(() => new Response(body))({ ...request, signal });
    return getEventListeners(signal, 'abort').length;
  };
  // The Request itself may keep one.
  expect(await listenersAfter('text')).toBe(await listenersAfter(null));
});
