import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createSimulator } from '@guestpass/simulator';
import { fetchExchange } from 'guestpass/http';
import { expect, test } from 'vitest';
import { systemNetwork } from './network.ts';
import { play } from './testing/play.ts';

const never = new AbortController().signal;

test('a certificate of an authority nobody here knows is looked at, named, and sent nothing', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url, port } = await simulator.listen({ tls: true });
  const handshake = await systemNetwork.shakeHands('127.0.0.1', port, never);
  expect(handshake).toMatchObject({ protocol: 'TLSv1.3', distrust: expect.stringMatching(/^[A-Z_]+$/) });
  expect(handshake.endsAtMs).toBeGreaterThan(Date.now());
  expect(simulator.requests).toEqual([]);

  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url };
  const { code, out } = await play(['doctor', '-q'], { env });
  expect(code).toBe(6);
  expect(out).toContain(`is not trusted (${handshake.distrust}).`);
  expect(out).toContain('NODE_EXTRA_CA_CERTS');
});

test('what speaks no TLS, says nothing or is given up shakes no hands', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { port } = await simulator.listen();
  await expect(systemNetwork.shakeHands('127.0.0.1', port, never)).rejects.toThrow();
  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const user = new AbortController();
  // A server that listens on TCP has such an address.
  const waiting = systemNetwork.shakeHands('127.0.0.1', (silent.address() as AddressInfo).port, user.signal);
  user.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('aborted');
  await new Promise((resolve) => silent.close(resolve));
});

test('an answer is handed over while it comes in, and a request is read whole before it is answered', async () => {
  const serving = await systemNetwork.serve(
    async ({ method, path, headers, body }) => ({
      status: 200,
      body: JSON.stringify({ method, path, word: headers['x-word'], body: Buffer.from(body).toString() }),
    }),
    { host: '127.0.0.1', port: 0 },
  );
  const { status, chunks } = await systemNetwork.stream(`${serving.url}/a?b`, { 'x-word': 'w' }, never);
  const text = Buffer.concat(await Array.fromAsync(chunks)).toString();
  expect({ status, ...JSON.parse(text) }).toEqual({ status: 200, method: 'GET', path: '/a?b', word: 'w', body: '' });
  const posted = await fetchExchange()({ method: 'POST', url: serving.url, headers: {}, body: 'x'.repeat(100_000) });
  expect(JSON.parse(Buffer.from(posted.body).toString()).body).toHaveLength(100_000);
  await serving.close();
});

test('a name that is an address is told as such, and one that is none is an error', async () => {
  expect(await systemNetwork.resolve('127.0.0.1')).toEqual(['127.0.0.1']);
  await expect(systemNetwork.resolve('nowhere.invalid')).rejects.toMatchObject({ syscall: 'getaddrinfo' });
});
