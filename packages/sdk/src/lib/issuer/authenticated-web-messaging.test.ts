import { expect, test } from 'vitest';
import type { SignedIn } from '../contract/guest-pass.ts';
import { GuestpassError } from '../errors.ts';
import { createUpstreamGuard, type UpstreamGuard } from '../http/upstream-guard.ts';
import { createSignInClient, type SignInClient } from '../sign-in/sign-in-client.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { memoryTransport, type Peer } from '../testing/memory-socket.ts';
import { authenticatedWebMessagingIssuer } from './authenticated-web-messaging.ts';

const begins = Date.parse('2026-01-15T10:30:00Z');
const signIn = { code: 'code-to-hide', redirectUri: 'https://shop.example.test/callback' };
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' }, signIn };
const expiresAt = '2026-01-15T10:44:00.000Z';
const signedIn: SignedIn = { jwt: 'jwt-1', refreshToken: 'refresh-1', expiresAt };
const ready = { tries: [], signedIn };

const session = JSON.stringify({ class: 'SessionResponse', code: 200, body: { connected: true, durationSeconds: 60 } });
const refusal = (code: number) => JSON.stringify({ class: 'string', code, body: 'no hunter2' });
const answering = (frame: string) => (peer: Peer) => peer.send(frame);
const hangingUp = (peer: Peer) => peer.close(1006);

/** A platform that does the next thing of its script with each connection, and the last one again and again. */
function platform(
  script: readonly ((peer: Peer) => void)[],
  signIns: Partial<SignInClient> = {},
  guard?: UpstreamGuard,
) {
  const texts: unknown[] = [];
  const peers: Peer[] = [];
  const clock = manualClock(begins);
  let ids = 0;
  const transport = memoryTransport((peer) => {
    peers.push(peer);
    const behave = script[Math.min(peers.length, script.length) - 1];
    peer.onText = (text) => {
      texts.push(JSON.parse(text));
      behave?.(peer);
    };
  });
  const nobody = async () => {
    throw new GuestpassError('endpoint_not_found', 'Nobody is asked here.');
  };
  const issuer = authenticatedWebMessagingIssuer({
    url: 'wss://webmessaging.example.test/v1',
    transport,
    origin: 'https://shop.example.test',
    clock,
    random: () => 0.5,
    newId() {
      ids += 1;
      return `id-${ids}`;
    },
    signIns: { exchange: nobody, refresh: nobody, revoke: nobody, ...signIns },
    guard,
  });
  return { issuer, clock, texts, peers };
}

const renewing = (jwt = 'jwt-2') => ({
  refresh: async (_: string, refreshToken: string) => ({ signedIn: { ...signedIn, jwt, refreshToken }, tries: [] }),
});

test('the sign-in is exchanged first, at the deployment of the channel', async () => {
  const asked: unknown[] = [];
  const { issuer } = platform([answering(session)], {
    async exchange(...told) {
      asked.push(told);
      return { signedIn, tries: [{ status: 200, durationMs: 3 }] };
    },
  });
  const call = { deadlineAt: 7 };
  expect(await issuer.prepare(payload, call)).toEqual({ signedIn, tries: [{ status: 200, durationMs: 3 }] });
  expect(asked).toEqual([['demo', signIn, call]]);
});

test('a code is not spent while no socket would be opened for it', async () => {
  const guard = createUpstreamGuard('guest', true);
  let asked = 0;
  const exchange = async () => {
    asked += 1;
    return { signedIn, tries: [] };
  };
  const { issuer, clock, peers } = platform([answering(refusal(503))], { exchange }, guard);
  for (let guest = 0; guest < 20; guest += 1) await clock.settle(issuer.issue(payload, {}, ready));
  const sockets = peers.length;
  const heldBack = { code: 'platform_unavailable', retryAfterMs: expect.any(Number) };
  await expect(issuer.prepare(payload, {})).rejects.toMatchObject(heldBack);
  expect([asked, peers.length]).toEqual([0, sockets]);
  // Its time is up: somebody has to find out.
  await clock.advance(60_000);
  expect(await issuer.prepare(payload, {})).toMatchObject({ signedIn });
});

test('a session configured with the JWT admits, and the guest pass holds the sign-in', async () => {
  const { issuer, texts, peers, clock } = platform([answering(session)]);
  expect(await issuer.issue(payload, {}, ready)).toMatchObject({
    outcome: 'admitted',
    guestPass: {
      guestId: 'id-2',
      channelId: 'demo',
      sessionToken: 'id-1',
      expiresAt: '2026-01-15T10:31:00.000Z',
      connect: { url: 'wss://webmessaging.example.test/v1', deploymentId: 'demo' },
      signedIn,
    },
    tries: [{ status: 200, durationMs: 0 }],
  });
  expect(texts).toEqual([
    {
      action: 'configureAuthenticatedSession',
      deploymentId: 'demo',
      token: 'id-1',
      tracingId: 'configure',
      data: { code: 'jwt-1' },
    },
  ]);
  expect(await peers[0]?.closed).toMatchObject({ code: 1000 });
  expect(clock.pending).toBe(0);
});

test('a JWT that is refused is refreshed once, and the fresh one is handed over', async () => {
  const { issuer, texts } = platform([answering(refusal(401)), answering(session)], renewing());
  const issue = await issuer.issue(payload, {}, ready);
  expect(issue).toMatchObject({
    outcome: 'admitted',
    guestPass: { sessionToken: 'id-2', signedIn: { jwt: 'jwt-2', refreshToken: 'refresh-1' } },
    tries: [{ status: 401 }, { status: 200 }],
  });
  expect(texts).toMatchObject([{ data: { code: 'jwt-1' } }, { data: { code: 'jwt-2' } }]);
});

test('a fresh JWT that is refused too ends the attempt', async () => {
  const { issuer, peers } = platform([answering(refusal(401))], renewing());
  const issue = await issuer.issue(payload, {}, ready);
  expect(issue).toMatchObject({ outcome: 'failed', error: { code: 'sign_in_rejected', status: 401 } });
  expect(issue.tries.map(({ status }) => status)).toEqual([401, 401]);
  expect(issue).toMatchObject({ error: { tries: issue.tries } });
  expect(peers.length).toBe(2);
});

test('without a refresh token a refused JWT ends the attempt at once', async () => {
  const { issuer, peers } = platform([answering(refusal(401))], renewing());
  const issue = await issuer.issue(payload, {}, { tries: [], signedIn: { ...signedIn, refreshToken: null } });
  expect(issue).toMatchObject({ outcome: 'failed', error: { code: 'sign_in_rejected' } });
  expect(peers.length).toBe(1);
});

test('a refresh that fails ends the attempt with its own error', async () => {
  const error = new GuestpassError('platform_unavailable', 'No answer came.');
  const { issuer } = platform([answering(refusal(401))], { refresh: () => Promise.reject(error) });
  const issue = await issuer.issue(payload, {}, ready);
  expect(issue).toMatchObject({ outcome: 'failed', error, tries: [{ status: 401 }] });
});

test('a session that is forbidden is not asked for again', async () => {
  const { issuer, peers } = platform([answering(refusal(403))], renewing());
  expect(await issuer.issue(payload, {}, ready)).toMatchObject({ outcome: 'failed', error: { code: 'forbidden' } });
  expect(peers.length).toBe(1);
});

test('a try that breaks off is repeated with the same JWT and another token', async () => {
  const { issuer, clock, texts } = platform([hangingUp, answering(session)]);
  const issue = await clock.settle(issuer.issue(payload, {}, ready));
  expect(issue).toMatchObject({ outcome: 'admitted', guestPass: { sessionToken: 'id-2' } });
  expect(texts).toMatchObject([
    { token: 'id-1', data: { code: 'jwt-1' } },
    { token: 'id-2', data: { code: 'jwt-1' } },
  ]);
});

test('the deadline counts for the refresh too', async () => {
  const clock = manualClock(begins);
  const deaf = {
    apiUrl: 'https://api.example.test',
    clock,
    random: () => 0,
    exchange: () => new Promise<never>(() => {}),
  };
  const { issuer, clock: own } = platform([answering(refusal(401))], createSignInClient({ ...deaf, clock }));
  const issue = clock.settle(issuer.issue(payload, { deadlineAt: own.monotonic() + 5000 }, ready));
  expect(await issue).toMatchObject({ outcome: 'failed', error: { code: 'deadline_exceeded' } });
});

test('a malfunction of our own is thrown', async () => {
  const broken = new TypeError('broken');
  const { issuer } = platform([answering(refusal(401))], { refresh: () => Promise.reject(broken) });
  await expect(issuer.issue(payload, {}, ready)).rejects.toBe(broken);
  const { signIn: _, ...anonymous } = payload;
  await expect(issuer.prepare(anonymous, {})).rejects.toThrow('let through');
  await expect(issuer.issue(payload, {}, { tries: [] })).rejects.toThrow('let through');
});
