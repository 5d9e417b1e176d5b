import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectTo, createServer as createTcpServer, type Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { ExchangeError, type HttpRequest } from '../http/exchange.ts';
import { refuseAddress } from './address-guard.ts';
import { guardConnector, systemResolve } from './guarded-connector.ts';
import { type GuardedExchangeOptions, guardedExchange } from './guarded-exchange.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listening(server: Server | HttpServer, host: string): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanUps.push(async () => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const answering = (listener: RequestListener, host = '127.0.0.1') => listening(createServer(listener), host);

/** Counts who connects, and hangs up. */
async function trap(host = '127.0.0.1') {
  const seen = { connections: 0, port: 0 };
  const server = createTcpServer((socket) => {
    seen.connections += 1;
    socket.on('error', () => {}).destroy();
  });
  seen.port = await listening(server, host);
  return seen;
}

const atHome: GuardedExchangeOptions = { allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.1/32'] };
const anyPort: GuardedExchangeOptions = { allowHttp: true, ports: 'any' };

function client(options: GuardedExchangeOptions) {
  const { exchange, close } = guardedExchange(options);
  cleanUps.push(close);
  return exchange;
}

const post = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json' },
  body: '{}',
  ...more,
});

async function failureOf(promise: Promise<unknown>): Promise<ExchangeError> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ExchangeError);
  return error;
}

/** A certificate for one name (RFC 5280), put together by hand so that no key is kept in the repository. */
function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = (tag: number, ...parts: readonly Uint8Array[]) => {
    const content = Buffer.concat(parts);
    const { length } = content;
    const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...size]), content]);
  };
  const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
  const time = (text: string) => der(0x18, Buffer.from(text));
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'));
  const commonName = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(name)))));
  const altName = der(0x30, oid('551d11'), der(0x04, der(0x30, der(0x82, Buffer.from(name)))));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    commonName,
    der(0x30, time('20200101000000Z'), time('21200101000000Z')),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, altName)),
  );
  const signed = der(0x30, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: new X509Certificate(signed).toString(),
  };
}

const addressRefused = { failure: 'address_refused', sent: 'no', permanent: true };

test('an allowed receiver gets the request whole, and its answer is read', async () => {
  const port = await answering(async (request, response) => {
    const chunks = await Array.fromAsync(request);
    response.writeHead(202, { 'x-two': ['a', 'b'] });
    response.end(`${request.method} ${request.url} ${request.headers.host} ${Buffer.concat(chunks)}`);
  });
  const resolve = async () => ['127.0.0.1'];
  const response = await client({ ...atHome, resolve })(
    post(`http://idp.example:${port}/hooks?a=1`, { body: '{"ä":1}' }),
  );
  expect(response.status).toBe(202);
  expect(response.headers).toMatchObject({ 'x-two': 'a, b' });
  expect(Buffer.from(response.body).toString()).toBe(`POST /hooks?a=1 idp.example:${port} {"ä":1}`);
});

test('no spelling of a literal address gets a connection', async () => {
  const seen = await trap();
  const exchange = client(anyPort);
  for (const host of [
    '127.0.0.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::]',
    '[::1]',
    '0',
    '127.0.0.1.',
    'localhost',
    'localhost.',
    'ⓛocalhost',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ]) {
    expect(await failureOf(exchange(post(`http://${host}:${seen.port}/`)))).toMatchObject(addressRefused);
  }
  expect(seen.connections).toBe(0);
});

test('a name is refused when any of its addresses is not public', async () => {
  const seen = await trap();
  const names: Readonly<Record<string, readonly string[]>> = {
    'home.example': ['127.0.0.1'],
    'both.example': ['93.184.216.34', '127.0.0.1'],
    'six.example': ['93.184.216.34', '::1'],
    'mapped.example': ['::ffff:127.0.0.1'],
    'metadata.google.internal': ['169.254.169.254'],
    'odd.example': ['127.1'],
  };
  const asked: string[] = [];
  const resolve = async (hostname: string) => {
    asked.push(hostname);
    return names[hostname] ?? [];
  };
  const exchange = client({ ...anyPort, resolve });
  for (const name of Object.keys(names)) {
    expect(await failureOf(exchange(post(`http://${name}:${seen.port}/`)))).toMatchObject(addressRefused);
  }
  expect(asked).toEqual(Object.keys(names));
  expect(seen.connections).toBe(0);
});

test('the system resolver gives every address of a name', async () => {
  const addresses = await systemResolve('localhost');
  expect(addresses.length).toBeGreaterThan(0);
  expect(
    addresses.every((address) => refuseAddress(address, { allowCidrs: ['127.0.0.0/8', '::1/128'] }) === undefined),
  ).toBe(true);
});

test('a name that changes its address is checked at each connection, and once for each', async () => {
  const port = await answering((_, response) => response.writeHead(204, { connection: 'close' }).end());
  const seen = await trap('127.0.0.2');
  const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1'], ['127.0.0.2']];
  let asked = 0;
  const resolve = async () => {
    asked += 1;
    return answers[asked - 1] ?? [];
  };
  const exchange = client({ ...atHome, resolve });
  expect((await exchange(post(`http://rebinding.example:${port}/`))).status).toBe(204);
  expect(asked).toBe(1);
  expect(await failureOf(exchange(post(`http://rebinding.example:${seen.port}/`)))).toMatchObject(addressRefused);
  expect((await exchange(post(`http://rebinding.example:${port}/`))).status).toBe(204);
  // Of this very URL it is known by now that it may be asked.
  expect(await failureOf(exchange(post(`http://rebinding.example:${port}/`)))).toMatchObject(addressRefused);
  expect(asked).toBe(4);
  expect(seen.connections).toBe(0);
});

test('a connection that ends elsewhere than was checked is destroyed', async () => {
  const arrived = Promise.withResolvers<Socket>();
  const port = await listening(
    createTcpServer((socket) => arrived.resolve(socket.on('error', () => {}).resume())),
    '127.0.0.2',
  );
  const astray = guardConnector(
    (_, callback) => {
      const socket = connectTo(port, '127.0.0.2', () => callback(null, socket));
    },
    { allowCidrs: ['127.0.0.1/32'] },
  );
  const error = await new Promise((resolve) => {
    astray({ hostname: '127.0.0.1', protocol: 'http:', port: String(port) }, (...[fault]) => resolve(fault));
  });
  expect(error).toMatchObject(addressRefused);
  const socket = await arrived.promise;
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
});

test('a connector asked for a refused literal never connects', async () => {
  const connected: string[] = [];
  const guarded = guardConnector(({ hostname }) => void connected.push(hostname), {});
  for (const hostname of ['127.0.0.1', '::1', '::ffff:10.0.0.1']) {
    const error = await new Promise((resolve) => {
      guarded({ hostname, protocol: 'https:', port: '443' }, (...[fault]) => resolve(fault));
    });
    expect(error).toMatchObject(addressRefused);
  }
  expect(connected).toEqual([]);
});

test('a peer that hung up at once is no refused address', async () => {
  const guarded = guardConnector((_, callback) => callback(null, new Socket()), {});
  const error = await new Promise((resolve) => {
    guarded({ hostname: 'idp.example', protocol: 'https:', port: '443' }, (...[fault]) => resolve(fault));
  });
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});

test('TLS asks for the name and not for the address, and its certificate must be trusted', async () => {
  const { key, cert } = selfSigned('idp.example');
  const named: string[] = [];
  const server = createHttpsServer({ key, cert }, (request, response) => {
    named.push(`${(request.socket as TLSSocket).servername} ${request.headers.host}`);
    response.writeHead(204).end();
  });
  const port = await listening(server, '127.0.0.1');
  const resolve = async () => ['127.0.0.1'];
  const exchange = client({ ...atHome, resolve, ca: cert });
  expect((await exchange(post(`https://idp.example:${port}/`))).status).toBe(204);
  expect(named).toEqual([`idp.example idp.example:${port}`]);

  const untrusted = { sent: 'no', permanent: true };
  expect(await failureOf(exchange(post(`https://other.example:${port}/`)))).toMatchObject({
    failure: 'ERR_TLS_CERT_ALTNAME_INVALID',
    ...untrusted,
  });
  expect(await failureOf(client({ ...atHome, resolve })(post(`https://idp.example:${port}/`)))).toMatchObject({
    failure: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    ...untrusted,
  });
  expect(named).toHaveLength(1);
});

test('a redirect inwards is an answer, not a journey', async () => {
  const seen = await trap('127.0.0.2');
  const port = await answering((_, response) =>
    response.writeHead(302, { location: `http://127.0.0.2:${seen.port}/` }).end(),
  );
  expect((await client(atHome)(post(`http://127.0.0.1:${port}/`))).status).toBe(302);
  expect(seen.connections).toBe(0);
});

test('no proxy is used, whatever the environment says', async () => {
  const seen = await trap('127.0.0.2');
  const port = await answering((_, response) => response.writeHead(204).end());
  const script = `
    import { guardedExchange } from ${JSON.stringify(new URL('./guarded-exchange.ts', import.meta.url))};
    const { exchange, close } = guardedExchange(${JSON.stringify(atHome)});
    const url = 'http://127.0.0.1:${port}/';
    const { status } = await exchange({ method: 'POST', url, headers: {}, body: '{}' });
    process.stdout.write(String(status));
    await close();`;
  const proxy = `http://127.0.0.2:${seen.port}`;
  const env = { HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy, NODE_USE_ENV_PROXY: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  expect(stdout).toBe('204');
  expect(seen.connections).toBe(0);
});

test('a URL the policy does not allow is refused before anything is asked', async () => {
  const exchange = client({ resolve: () => Promise.reject(new Error('asked')) });
  for (const url of [
    'http://idp.example/',
    'https://idp.example:444/',
    'https://a:b@idp.example/',
    'file:///etc/passwd',
  ]) {
    expect(await failureOf(exchange(post(url)))).toMatchObject({ failure: 'url_refused', sent: 'no', permanent: true });
  }
});

test('what is refused once is refused again, however many others are asked between', async () => {
  const { exchange, close } = guardedExchange({ allowHttp: true, ports: 'any' });
  const inwards = Array.from({ length: 100 }, (_, index) => `http://169.254.169.254/${index}`);
  const asked = [...inwards, ...inwards].map((url) => exchange({ method: 'POST', url, headers: {} }));
  const answers = await Promise.allSettled(asked);
  expect(answers.every((one) => one.status === 'rejected' && one.reason.failure === 'address_refused')).toBe(true);
  await close();
});

test('a name without an address and a closed port are not sent, and worth another try', async () => {
  const resolve = async () => [];
  expect(await failureOf(client({ resolve })(post('https://idp.example/')))).toMatchObject({
    failure: 'ENOTFOUND',
    sent: 'no',
    permanent: false,
  });
  const closed = await answering(() => {});
  await cleanUps.pop()?.();
  expect(await failureOf(client(atHome)(post(`http://127.0.0.1:${closed}/`)))).toMatchObject({
    failure: 'ECONNREFUSED',
    sent: 'no',
    permanent: false,
  });
});

test('an endless answer is read to the bound and its socket destroyed', async () => {
  const closed = Promise.withResolvers<number>();
  const port = await answering((request, response) => {
    const chunk = Buffer.alloc(65_536, 'x');
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more).on('close', () => closed.resolve(request.socket.bytesWritten));
    more();
  });
  const response = await client(atHome)(post(`http://127.0.0.1:${port}/`));
  expect([response.status, response.body.byteLength]).toEqual([200, 16_384]);
  // Far from the end that never comes; what was written sat in the buffers of both sides.
  expect(await closed.promise).toBeLessThan(64 * 1024 * 1024);
});

test('an answer of just the bound is read whole and leaves the connection fit', async () => {
  const sockets = new Set<Socket>();
  const port = await answering((request, response) => {
    sockets.add(request.socket);
    response.end(Buffer.alloc(16_384, 'x'));
  });
  const exchange = client(atHome);
  for (let i = 0; i < 20; i += 1) {
    expect((await exchange(post(`http://127.0.0.1:${port}/`))).body.byteLength).toBe(16_384);
  }
  expect(sockets.size).toBeLessThanOrEqual(2);
});

test('an abort tells the status when one had come', async () => {
  const begun = Promise.withResolvers<void>();
  const port = await answering((_, response) => {
    response.writeHead(200).write('drip');
    begun.resolve();
  });
  const controller = new AbortController();
  const answered = failureOf(client(atHome)(post(`http://127.0.0.1:${port}/`, { signal: controller.signal })));
  await begun.promise;
  // One more exchange on the same loop lets the head arrive.
  const other = await answering((_, response) => response.end());
  await client(atHome)(post(`http://127.0.0.1:${other}/`));
  controller.abort();
  expect(await answered).toMatchObject({ failure: 'aborted', sent: 'maybe', status: 200 });
});

test('an abort before the call sends nothing', async () => {
  const seen = await trap();
  const request = post(`http://127.0.0.1:${seen.port}/`, { signal: AbortSignal.abort() });
  expect(await failureOf(client(atHome)(request))).toMatchObject({ failure: 'aborted', sent: 'no' });
  expect(seen.connections).toBe(0);
});

test('a network that is none is told when the exchange is made', () => {
  expect(() => guardedExchange({ allowCidrs: ['everything'] })).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
});

test('an exchange may be closed twice', async () => {
  const seen = await trap();
  const { exchange, close } = guardedExchange(atHome);
  await failureOf(exchange(post(`http://127.0.0.1:${seen.port}/`)));
  await close();
  await expect(close()).resolves.not.toThrow();
});
