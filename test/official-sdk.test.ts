import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSimulator } from '@guestpass/simulator';
import { expect, test } from 'vitest';

// The platform's own SDK for JavaScript, as published, against the simulator through its gateway setting.

const program = join(import.meta.dirname, 'official-sdk-client.ts');
const token = '6b0a2a53-4f5a-4a7b-9a6e-0a6f3c1d9e11';
const redirectUri = 'http://localhost:4100/callback';
const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

test('the official SDK logs in, reads the history, and exchanges, refreshes and revokes the JWT of a guest', async () => {
  await using simulator = createSimulator({ bot: 'none', deployments: { demo: { auth: { anonymousMaySend: true } } } });
  const { url, port } = await simulator.listen();
  const historyJwt = await talk(url, ['one', 'two', 'three']);
  const oauth = { code: await signIn(url), redirectUri, codeVerifier };
  const said = await official({ port, historyJwt, exchange: { deploymentId: 'demo', oauth } });
  expect(said).toMatchObject({
    accessToken: expect.any(String),
    wrong: { status: 401 },
    history: {
      pageSize: 2,
      pageNumber: 1,
      total: 3,
      pageCount: 2,
      entities: [
        { text: 'three', type: 'Text', direction: 'Inbound', channel: { messageId: expect.any(String) } },
        { text: 'two' },
      ],
    },
    signedIn: { jwt: expect.any(String), refreshToken: expect.any(String) },
    again: { status: 401, code: 'bad.credentials', contextId: expect.any(String) },
    refreshed: { jwt: expect.any(String) },
    afterRevoking: { status: 401, code: 'bad.credentials' },
  });
  expect(simulator.stats()).toMatchObject({
    tokensIssued: 1,
    historyRequests: 1,
    guestsSignedIn: 1,
    exchangeRequests: 2,
    refreshRequests: 2,
    revokeRequests: 1,
    otherRequests: 0,
  });
});

/** Runs the SDK in a process of its own, with no configuration but the task. */
async function official(task: object): Promise<unknown> {
  const home = await mkdtemp(join(tmpdir(), 'guestpass-sdk-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(task)], {
      cwd: home,
      env: { HOME: home, PATH: process.env.PATH },
    });
    return JSON.parse(stdout);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Says something as a guest and returns the token its history is read with. */
async function talk(url: string, texts: readonly string[]): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1?deploymentId=demo`);
  const next = () =>
    new Promise<string>((resolve, reject) => {
      socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true });
      socket.addEventListener('close', () => reject(new Error('The socket closed.')), { once: true });
    });
  const ask = (frame: object) => {
    socket.send(JSON.stringify({ token, ...frame }));
    return next();
  };
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  await ask({ action: 'configureSession', deploymentId: 'demo' });
  for (const text of texts) await ask({ action: 'onMessage', message: { type: 'Text', text } });
  const { body } = JSON.parse(await ask({ action: 'getJwt' }));
  socket.close();
  return String(body.jwt);
}

/** Signs in at the provider by HTTP alone, as a browser would, and returns the code. */
async function signIn(url: string): Promise<string> {
  const cookies = new Map<string, string>();
  const step = async (path: string, form?: Record<string, string>) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, url), {
      headers: { cookie },
      redirect: 'manual',
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response.headers.get('location') ?? '';
  };
  const query = new URLSearchParams({
    client_id: 'sim-site',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await step(`/_oidc/auth?${query}`);
  const resume = await step(page, { account: 'ann' });
  return new URL(await step(resume)).searchParams.get('code') ?? '';
}
