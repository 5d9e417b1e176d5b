import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSimulator, type SimulatorOptions } from '@guestpass/simulator';
import { type Attempt, createGuestpass, type GuestpassOptions } from 'guestpass';
import { afterEach, expect, test } from 'vitest';
import { idTokenAt, signInAt } from './sign-in-site.ts';

// Guests who sign in at the site's own provider: over real sockets, by HTTP alone, on the system's clock.

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };
const program = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');

async function place(options: SimulatorOptions = {}) {
  const simulator = createSimulator({ seed: 1, deployments: { demo: { auth: {} } }, ...options });
  open.push(simulator);
  const { url } = await simulator.listen();
  return {
    simulator,
    url,
    async admit(guest: object, guestpass: Partial<GuestpassOptions> = {}): Promise<Attempt> {
      const retry = { baseDelayMs: 1 };
      await using guests = createGuestpass({
        environment: url,
        issuer: 'authenticated-web-messaging',
        retry,
        ...guestpass,
      });
      return await guests.attempt({ ...payload, ...guest });
    },
    /** Operations that the platform was asked for, in order. */
    asked: () => simulator.requests.map(({ operation, status }) => `${operation} ${status}`),
  };
}

test('a guest signs in, and the code becomes a guest pass of the account', async () => {
  const { url, admit, asked, simulator } = await place();
  const signIn = await signInAt(url, 'ann');
  const attempt = await admit({ signIn });
  expect(attempt).toMatchObject({
    outcome: 'admitted',
    guestPass: {
      channelId: 'demo',
      sessionToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
      connect: { url: `${url.replace('http', 'ws')}/v1`, deploymentId: 'demo' },
      signedIn: { jwt: expect.any(String), refreshToken: expect.any(String), expiresAt: expect.any(String) },
    },
    retries: 0,
    statusCodes: [200],
  });
  expect(asked()).toEqual(['exchange 200', 'socket 101']);
  expect(simulator.stats()).toMatchObject({ guestsSignedIn: 1 });
  expect(simulator.sessions.list()).toMatchObject([{ deploymentId: 'demo', state: 'open' }]);
});

test('an ID token does instead of a code, and brings no refresh token', async () => {
  const { url, admit } = await place();
  const signIn = await idTokenAt(url, 'ann');
  expect(await admit({ signIn })).toMatchObject({
    outcome: 'admitted',
    guestPass: { signedIn: { jwt: expect.any(String), refreshToken: null } },
  });
  expect(await admit({ signIn: { ...signIn, nonce: 'of-somebody-else' } })).toMatchObject({
    error: { code: 'sign_in_rejected' },
  });
});

test('an account has one session, whenever it comes', async () => {
  const { url, admit, simulator } = await place();
  const first = await admit({ signIn: await signInAt(url, 'ann') });
  const second = await admit({ signIn: await signInAt(url, 'ann') });
  expect([first.outcome, second.outcome]).toEqual(['admitted', 'admitted']);
  expect(simulator.sessions.list().length).toBe(1);
});

test('a code is good once, and its verifier is asked for', async () => {
  const { url, admit, asked } = await place();
  const signIn = await signInAt(url, 'ann');
  await admit({ signIn });
  const refused = { outcome: 'failed', stage: 'token', error: { code: 'sign_in_rejected', status: 401 } };
  expect(await admit({ signIn })).toMatchObject(refused);
  const stolen = await signInAt(url, 'ann');
  expect(await admit({ signIn: { ...stolen, codeVerifier: 'x'.repeat(43) } })).toMatchObject(refused);
  expect(asked()).toEqual(['exchange 200', 'socket 101', 'exchange 401', 'exchange 401']);
});

test('a deployment that is unknown, and one that takes no sign-in, are told apart', async () => {
  const { url, admit } = await place({ channels: { demo: 'active', plain: 'active' } });
  const signIn = await signInAt(url, 'ann');
  expect(await admit({ channelId: 'nowhere', signIn })).toMatchObject({
    outcome: 'failed',
    error: { code: 'request_rejected', status: 404, detail: 'The platform does not know the deployment nowhere.' },
  });
  expect(await admit({ channelId: 'plain', signIn })).toMatchObject({
    outcome: 'failed',
    error: { code: 'forbidden', status: 403, remedy: expect.stringContaining('authentication switched on') },
  });
});

test('an Origin that the deployment does not list is forbidden before the code is spent', async () => {
  const deployments = { demo: { auth: {}, allowedOrigins: ['https://shop.example'] } };
  const { url, admit } = await place({ deployments });
  const signIn = await signInAt(url, 'ann');
  expect(await admit({ signIn })).toMatchObject({ outcome: 'failed', error: { code: 'forbidden' } });
  expect(await admit({ signIn }, { origin: 'https://shop.example' })).toMatchObject({ outcome: 'admitted' });
});

test('a busy platform is asked again, and a code that may have arrived is not sent twice', async () => {
  const { url, simulator, admit, asked } = await place();
  simulator.faults.add({ operation: 'exchange', status: 503, times: 2 });
  expect(await admit({ signIn: await signInAt(url, 'ann') })).toMatchObject({ outcome: 'admitted', retries: 2 });
  simulator.faults.add({ operation: 'exchange', reset: 'after' });
  expect(await admit({ signIn: await signInAt(url, 'ann') })).toMatchObject({
    outcome: 'failed',
    stage: 'token',
    error: { code: 'platform_unavailable', retryable: false, remedy: expect.stringContaining('sign in again') },
  });
  expect(asked().filter((request) => request.startsWith('exchange')).length).toBe(4);
});

test('a session that refuses the JWT gets a fresh one', async () => {
  const { url, simulator, admit, asked } = await place();
  simulator.faults.add({ operation: 'action', code: 401 });
  expect(await admit({ signIn: await signInAt(url, 'ann') })).toMatchObject({
    outcome: 'admitted',
    statusCodes: [401, 200],
  });
  expect(asked()).toEqual(['exchange 200', 'socket 101', 'refresh 200', 'socket 101']);
});

test('the command signs a guest in from a file or standard input, and prints no secret', async () => {
  const { url } = await place();
  const run = async (signIn: unknown, ...flags: readonly string[]) => {
    const argv = ['auth', '--issuer', 'authenticated-web-messaging', '--environment', url, '--channel', 'demo'];
    const child = spawn(process.execPath, [program, ...argv, '--consent', '--sign-in-file', '-', ...flags], {
      env: { PATH: process.env.PATH },
    });
    child.stdin.end(JSON.stringify(signIn));
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { out, err, code };
  };
  const signIn = await signInAt(url, 'ann');
  const rehearsed = await run(signIn, '--dry-run');
  expect(rehearsed).toMatchObject({ code: 0, err: '' });
  expect(rehearsed.out).toContain(`POST ${url}/api/v2/webdeployments/token/oauthcodegrantjwtexchange`);
  const admitted = await run(signIn, '--json', '--debug');
  expect(admitted.code).toBe(0);
  expect(admitted.err.split('\n')).toEqual([
    expect.stringMatching(`^sign-in  POST ${url}/api/v2/webdeployments/token/oauthcodegrantjwtexchange  200  `),
    expect.stringMatching(`^guest  GET ${url.replace('http', 'ws')}/v1  200  [0-9.]+ ms$`),
    '',
  ]);
  expect(JSON.parse(admitted.out)).toMatchObject({
    guestPass: { signedIn: { jwt: expect.stringMatching(/^….{4}$/), refreshToken: expect.stringMatching(/^….{4}$/) } },
  });
  const again = await run(signIn);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('sign_in_rejected') });
  const told = JSON.stringify([rehearsed, admitted, again]);
  expect(told).not.toContain(signIn.code);
  expect(told).not.toContain(String(signIn.codeVerifier));
});
