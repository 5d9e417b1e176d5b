import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { undiciExchange } from 'guestpass/http';
import { expect, test } from 'vitest';
import { play } from './testing/play.ts';

/** Starts `guestpass simulate` and resolves with what it printed once it printed something. */
async function simulate(...flags: string[]) {
  const user = new AbortController();
  const ready = Promise.withResolvers<string>();
  const played = play(['simulate', ...flags], { onOut: ready.resolve, signal: user.signal });
  const out = await Promise.race([ready.promise, played.then(({ err }) => Promise.reject(new Error(err)))]);
  return {
    out,
    async end() {
      user.abort(new Error('interrupted'));
      return played;
    },
  };
}

/** A port that is busy until disposed. */
async function busyPort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

test('the simulator runs until it is asked to end, and its own line to try works', async () => {
  const simulator = await simulate('--port', '0');
  const argv = /guestpass (authenticate .*)\n/.exec(simulator.out)?.[1]?.split(' ') ?? [];
  const pool = undiciExchange();
  const { code, out } = await play(argv, { exchange: pool.exchange });
  await pool.close();
  expect(code).toBe(0);
  expect(out).toContain('Authentication complete. Guest ID: ');
  expect(await simulator.end()).toMatchObject({ code: 0, err: 'The simulator has ended.\n' });
});

test('as JSON it prints one document to be read by a program', async () => {
  const simulator = await simulate('--port', '0', '--seed', '7', '--json');
  expect(JSON.parse(simulator.out)).toMatchObject({
    url: expect.stringMatching(/^http:/),
    clientId: 'sim-client',
    seed: '7',
  });
  expect((await simulator.end()).code).toBe(0);
});

test('a busy port moves to the next one and says so', async () => {
  await using busy = await busyPort();
  const simulator = await simulate('--port', String(busy.port));
  const { err } = await simulator.end();
  expect(err).toMatch(new RegExp(`^Port ${busy.port} is busy; port \\d+ is taken.\n`));
  expect(simulator.out).not.toContain(`:${busy.port} `);
});

test('a strict port that is busy is an error', async () => {
  await using busy = await busyPort();
  const { code, err } = await play(['simulate', '--port', String(busy.port), '--strict-port']);
  expect(code).toBe(2);
  expect(err).toContain('(EADDRINUSE)');
});
