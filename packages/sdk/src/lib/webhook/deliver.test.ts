import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Exchange, ExchangeError, type HttpRequest } from '../http/exchange.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { type DeliverOptions, deliverWebhook } from './deliver.ts';
import { guardedExchange } from './guarded-exchange.ts';
import { generateWebhookSecret } from './secret.ts';
import { verifyWebhook } from './verify.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
}

async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const url = await listening(server);
  cleanUps.push(async () => server.closeAllConnections());
  return url;
}

function atHome(): Exchange {
  const { exchange, close } = guardedExchange({ allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.1/32'] });
  cleanUps.push(close);
  return exchange;
}

const startsAt = Date.parse('2024-01-15T10:30:00Z');
const message = { endpoint: 'https://idp.example/hooks', id: 'msg_1', body: '{"type":"guest.authenticated","ä":1}' };

const options = (exchange: Exchange, more: Partial<DeliverOptions> = {}): DeliverOptions => ({
  exchange,
  clock: manualClock(startsAt),
  secrets: [generateWebhookSecret()],
  ...more,
});

const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Exchange =>
  async () => ({ status, headers, body: Buffer.from(body) });

const failing =
  (failure: string, details: ConstructorParameters<typeof ExchangeError>[1]): Exchange =>
  async () => {
    throw new ExchangeError(failure, details);
  };

test('a receiver gets a message it can verify, byte for byte the same each time', async () => {
  const secrets = [generateWebhookSecret(), generateWebhookSecret()];
  const clock = manualClock(startsAt);
  const seen: { hash: string; id: string; timestamp: number }[] = [];
  const endpoint = await answering(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    const { id, timestamp, payload } = verifyWebhook({
      headers: request.headers,
      body,
      secrets: secrets.slice(1),
      nowMs: clock.now(),
    });
    expect([request.method, request.headers['content-type']]).toEqual(['POST', 'application/json']);
    expect(payload).toEqual(JSON.parse(message.body));
    seen.push({ hash: createHash('sha256').update(body).digest('hex'), id, timestamp });
    response.writeHead(503).end('not yet');
  });
  const exchange = atHome();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const delivery = await deliverWebhook({ ...message, endpoint }, { exchange, clock, secrets });
    expect(delivery).toMatchObject({ result: 'retry', status: 503, failure: 'http_503', responseExcerpt: 'not yet' });
    await clock.advance(5_000);
  }
  expect(new Set(seen.map(({ hash, id }) => `${id} ${hash}`)).size).toBe(1);
  expect(seen.map(({ timestamp }) => timestamp - startsAt / 1000)).toEqual([0, 5, 10, 15, 20]);
  expect(clock.pending).toBe(0);
});

test('only 2xx is delivered, 410 is gone, and everything else is tried again', async () => {
  const expected = (status: number) => {
    if (status >= 200 && status < 300) return { result: 'delivered', status };
    return { result: status === 410 ? 'gone' : 'retry', status, failure: `http_${status}` };
  };
  for (let status = 100; status < 600; status += 1) {
    expect(await deliverWebhook(message, options(answer(status)))).toEqual({ ...expected(status), durationMs: 0 });
  }
});

test('a redirect is not followed, wherever it leads', async () => {
  const asked: string[] = [];
  const endpoint = await answering((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  const delivery = await deliverWebhook({ ...message, endpoint }, options(atHome()));
  expect(delivery).toMatchObject({ result: 'retry', status: 307, failure: 'http_307' });
  expect(asked).toEqual(['/hooks']);
});

test('an answer that drips is cut at the deadline of the whole attempt', async () => {
  const dripping = Promise.withResolvers<void>();
  const cut = Promise.withResolvers<void>();
  const endpoint = await answering((_, response) => {
    response.on('close', () => cut.resolve()).writeHead(500);
    response.write('.', () => dripping.resolve());
  });
  const clock = manualClock(startsAt);
  const delivered = deliverWebhook({ ...message, endpoint }, options(atHome(), { clock }));
  await dripping.promise;
  await clock.advance(14_999);
  expect(clock.pending).toBe(1);
  await clock.advance(1);
  expect(await clock.settle(delivered)).toMatchObject({
    result: 'retry',
    failure: 'timeout_in_body',
    durationMs: 15_000,
  });
  await cut.promise;
  expect(clock.pending).toBe(0);
});

test('a receiver that never answers is given up at the deadline', async () => {
  const asked = Promise.withResolvers<void>();
  const endpoint = await answering(() => asked.resolve());
  const clock = manualClock(startsAt);
  const delivered = deliverWebhook({ ...message, endpoint }, options(atHome(), { clock, deadlineMs: 2_000 }));
  await asked.promise;
  await clock.advance(2_000);
  expect(await clock.settle(delivered)).toEqual({
    result: 'retry',
    failure: 'timeout_before_headers',
    durationMs: 2_000,
  });
});

test('a connection that ends after the request was sent is tried again', async () => {
  const endpoint = await listening(
    createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())),
  );
  const delivery = await deliverWebhook({ ...message, endpoint }, options(atHome()));
  expect(delivery).toMatchObject({ result: 'retry', failure: 'reset_after_send' });
});

test('a message is delivered from the head of a 2xx on', async () => {
  const endpoint = await listening(
    createTcpServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort')),
    ),
  );
  const delivery = await deliverWebhook({ ...message, endpoint }, options(atHome()));
  expect(delivery).toMatchObject({ result: 'delivered', status: 200, failure: 'body_broken' });
});

test('an endless answer leaves a short excerpt', async () => {
  const endpoint = await answering((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more).writeHead(500);
    more();
  });
  const delivery = await deliverWebhook({ ...message, endpoint }, options(atHome()));
  expect(delivery).toMatchObject({ result: 'retry', status: 500, responseExcerpt: 'x'.repeat(2_048) });
});

test('an address that must not be reached ends the delivery without a connection', async () => {
  let connections = 0;
  const endpoint = await listening(
    createTcpServer((socket) => {
      connections += 1;
      socket.destroy();
    }),
  );
  const { exchange, close } = guardedExchange({ allowHttp: true, ports: 'any', resolve: async () => ['127.0.0.1'] });
  cleanUps.push(close);
  const port = new URL(endpoint).port;
  const refused = { result: 'refused', failure: 'address_refused', durationMs: 0 };
  expect(await deliverWebhook({ ...message, endpoint }, options(exchange))).toEqual(refused);
  const named = { ...message, endpoint: `http://rebinding.example:${port}/` };
  expect(await deliverWebhook(named, options(exchange))).toEqual(refused);
  const odd = { ...message, endpoint: 'file:///etc/passwd' };
  expect(await deliverWebhook(odd, options(exchange))).toEqual({ ...refused, failure: 'url_refused' });
  expect(connections).toBe(0);
});

test('a Retry-After of any form is passed on, a hostile one is not', async () => {
  const asked = async (value: string, more: Readonly<Record<string, string>> = {}, status = 503) =>
    (await deliverWebhook(message, options(answer(status, { 'retry-after': value, ...more })))).retryAfterMs;
  expect(await asked('120')).toBe(120_000);
  expect(await asked('Mon, 15 Jan 2024 10:30:30 GMT')).toBe(30_000);
  const tenMinutesOff = { date: 'Mon, 15 Jan 2024 10:40:00 GMT' };
  expect(await asked('Mon, 15 Jan 2024 10:40:30 GMT', tenMinutesOff)).toBe(30_000);
  for (const hostile of ['', '-1', '1.5', '0x10', 'tomorrow', '1, 2']) expect(await asked(hostile)).toBeUndefined();
  expect(await asked('120', {}, 200)).toBeUndefined();
  expect(await asked('120', {}, 410)).toBeUndefined();
});

test('every way to get no answer has a name from a short list', async () => {
  const named = async (failure: string, details: ConstructorParameters<typeof ExchangeError>[1]) => {
    const delivery = await deliverWebhook(message, options(failing(failure, details)));
    expect(delivery.result).toBe('retry');
    return delivery.failure;
  };
  const no = { sent: 'no' } as const;
  const maybe = { sent: 'maybe' } as const;
  const never = { sent: 'no', permanent: true } as const;
  expect(await named('ENOTFOUND', no)).toBe('name_unresolved');
  expect(await named('EAI_AGAIN', no)).toBe('name_unresolved');
  expect(await named('ECONNREFUSED', no)).toBe('connection_refused');
  expect(await named('UND_ERR_CONNECT_TIMEOUT', no)).toBe('connect_timeout');
  expect(await named('ETIMEDOUT', no)).toBe('connect_timeout');
  expect(await named('EHOSTUNREACH', no)).toBe('not_connected');
  expect(await named('CERT_HAS_EXPIRED', never)).toBe('tls_failed');
  expect(await named('ERR_TLS_CERT_ALTNAME_INVALID', never)).toBe('tls_failed');
  expect(await named('UND_ERR_INVALID_ARG', never)).toBe('not_sendable');
  expect(await named('invalid_request', never)).toBe('not_sendable');
  expect(await named('ECONNRESET', maybe)).toBe('reset_after_send');
  expect(await named('UND_ERR_SOCKET', maybe)).toBe('reset_after_send');
  expect(await named('UND_ERR_HEADERS_TIMEOUT', maybe)).toBe('timeout_before_headers');
  expect(await named('UND_ERR_BODY_TIMEOUT', { sent: 'maybe', status: 502 })).toBe('timeout_in_body');
  expect(await named('ECONNRESET', { sent: 'maybe', status: 502 })).toBe('body_broken');
  expect(await named('HPE_INVALID_CONSTANT', maybe)).toBe('answer_invalid');
  expect(await named('UND_ERR_HEADERS_OVERFLOW', maybe)).toBe('answer_invalid');
  expect(await named('something_new', maybe)).toBe('network_error');
});

test('an attempt that is given up is told as such', async () => {
  const controller = new AbortController();
  const waiting: Exchange = ({ signal }: HttpRequest) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(new ExchangeError('aborted', { sent: 'maybe' })));
    });
  const delivered = deliverWebhook(message, options(waiting, { signal: controller.signal }));
  controller.abort();
  expect(await delivered).toMatchObject({ result: 'retry', failure: 'aborted' });
});

test('a fault of our own is thrown and not taken for the receiver', async () => {
  const broken: Exchange = async () => {
    throw new TypeError('a bug');
  };
  await expect(deliverWebhook(message, options(broken))).rejects.toThrow(TypeError);
  const unsigned = deliverWebhook(message, options(answer(200), { secrets: [] }));
  await expect(unsigned).rejects.toMatchObject({ code: 'config_invalid' });
});
