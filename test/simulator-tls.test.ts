import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSimulator } from '@guestpass/simulator';
import { expect, test } from 'vitest';

// The SDK against a simulator that speaks TLS, each guest in a process that is told whom to trust.

const program = join(import.meta.dirname, 'simulator-tls-guest.ts');

/** Lets a guest in and talk, from a process that trusts the CA of a file, or none but the system's. */
async function guest(url: string, issuer: string, ca?: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=guestpass-source', program, url, issuer],
    {
      env: { PATH: process.env.PATH, ...(ca && { NODE_EXTRA_CA_CERTS: ca }) },
    },
  );
  return JSON.parse(stdout);
}

async function scene() {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-tls-'));
  const simulator = createSimulator({ botDelayMs: 1 });
  const { url, ca } = await simulator.listen({ tls: { directory } });
  return {
    simulator,
    url,
    ca: ca?.path ?? '',
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

test.each(['rest', 'web-messaging'])(
  'a guest of the issuer %s comes in, talks and sends a file over TLS',
  async (issuer) => {
    await using on = await scene();
    expect(await guest(on.url, issuer, on.ca)).toEqual({
      connect: { url: `${on.url.replace('https', 'wss')}/v1`, deploymentId: 'demo' },
      said: ['guest: over TLS', expect.any(String), expect.any(String), expect.any(String)],
      echoed: 'a map',
      history: 4,
    });
    expect(on.simulator.stats()).toMatchObject({ sessionsStarted: 1, rejectedByStatus: {} });
  },
);

test('a guest whose process does not trust the CA asks nothing of the platform', async () => {
  await using on = await scene();
  const refused = { code: 'platform_unavailable', reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' };
  expect(await guest(on.url, 'rest')).toEqual(refused);
  expect(await guest(on.url, 'web-messaging')).toEqual(refused);
  expect(on.simulator.requests).toEqual([]);
});
