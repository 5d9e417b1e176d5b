import { expect, test } from 'vitest';
import { GuestpassError } from './errors.ts';
import { createGuestpass } from './guestpass.ts';
import { createBulkhead } from './http/bulkhead.ts';
import type { Exchange } from './http/exchange.ts';
import type { BreakerChange } from './http/upstream-guard.ts';
import type { IssuerName } from './issuer/issuer.ts';
import { openIssuer } from './open-issuer.ts';
import { manualClock } from './testing/manual-clock.ts';
import { memoryTransport, type Peer } from './testing/memory-socket.ts';

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

/** Admits everybody, and notes who asked for what. */
function platform() {
  const peers: Peer[] = [];
  const transport = memoryTransport((peer) => {
    peers.push(peer);
    peer.onText = () => peer.send('{"class":"SessionResponse","code":200,"body":{"connected":true}}');
  });
  return { peers, transport };
}

test.each([
  ['usw2', 'wss://webmessaging.usw2.pure.cloud/v1?deploymentId=demo', 'https://webmessaging.usw2.pure.cloud'],
  ['http://127.0.0.1:4010', 'ws://127.0.0.1:4010/v1?deploymentId=demo', 'http://127.0.0.1:4010'],
])('web messaging in the environment %s opens %s', async (environment, url, origin) => {
  const { peers, transport } = platform();
  await using guests = createGuestpass({ environment, issuer: 'web-messaging', transport });
  const attempt = await guests.attempt(payload);
  expect(attempt).toMatchObject({ outcome: 'admitted', statusCodes: [200], stages: { token: expect.any(Number) } });
  expect(peers.map((peer) => peer.url.href)).toEqual([url]);
  expect(peers[0]?.headers).toEqual({ origin });
  expect(guests.stats()).toMatchObject({ admitted: 1 });
});

test('an Origin of the site is sent when there is one', async () => {
  const { peers, transport } = platform();
  const origin = 'https://shop.example';
  await using guests = createGuestpass({ environment: 'usw2', issuer: 'web-messaging', transport, origin });
  await guests.authenticate(payload);
  expect(peers[0]?.headers).toEqual({ origin });
});

const signIn = { code: 'code-to-hide', redirectUri: 'https://shop.example/callback' };

/** Answers every exchange with a JWT, after the failures given. */
function signIns(...statuses: readonly number[]) {
  const asked: [string, string | undefined][] = [];
  const exchange: Exchange = async ({ url, headers }) => {
    asked.push([url, headers.origin]);
    const status = statuses[asked.length - 1] ?? 200;
    const body = new TextEncoder().encode(JSON.stringify({ jwt: 'jwt-1', refreshToken: 'refresh-1' }));
    return { status, headers: { 'inin-correlation-id': 'corr-1' }, body };
  };
  return { asked, exchange };
}

test.each([
  ['usw2', 'https://api.usw2.pure.cloud', 'https://webmessaging.usw2.pure.cloud'],
  ['http://127.0.0.1:4010', 'http://127.0.0.1:4010', 'http://127.0.0.1:4010'],
])('signing in in the environment %s is asked for at %s, and then a socket', async (environment, api, origin) => {
  const { peers, transport } = platform();
  const { asked, exchange } = signIns(503);
  const issuer = 'authenticated-web-messaging';
  await using guests = createGuestpass({ environment, issuer, transport, exchange, random: () => 0 });
  const attempt = await guests.attempt({ ...payload, signIn });
  expect(attempt).toMatchObject({ outcome: 'admitted', guestPass: { signedIn: { jwt: 'jwt-1' } }, retries: 1 });
  const path = `${api}/api/v2/webdeployments/token/oauthcodegrantjwtexchange`;
  expect(asked).toEqual([
    [path, origin],
    [path, origin],
  ]);
  expect(peers.map(({ url }) => url.searchParams.get('deploymentId'))).toEqual(['demo']);
});

test('each try of an exchange carries the trace of its guest, and the upgrade after it', async () => {
  const { peers, transport } = platform();
  const traced: [string, number][] = [];
  const sent: (string | undefined)[] = [];
  const { exchange } = signIns(503);
  await using guests = createGuestpass({
    environment: 'usw2',
    issuer: 'authenticated-web-messaging',
    transport,
    exchange: (request) => {
      sent.push(request.headers.traceparent);
      return exchange(request);
    },
    random: () => 0,
    trace({ operation, resends }) {
      traced.push([operation, resends]);
      return { headers: { traceparent: `span-${resends}` } };
    },
  });
  expect(await guests.attempt({ ...payload, signIn })).toMatchObject({ outcome: 'admitted' });
  expect(traced).toEqual([
    ['sign-in', 0],
    ['sign-in', 1],
    ['guest', 0],
  ]);
  expect(sent).toEqual(['span-0', 'span-1']);
  expect(peers[0]?.headers).toMatchObject({ traceparent: 'span-0' });
});

/** Guests who sign in at a platform that does this with each exchange, and who is told of it. */
function arriving(exchange: Exchange, retries = 0) {
  const { peers, transport } = platform();
  const clock = manualClock();
  const changes: BreakerChange[] = [];
  const guests = createGuestpass({
    environment: 'usw2',
    issuer: 'authenticated-web-messaging',
    transport,
    exchange,
    clock,
    random: () => 0,
    retry: { retries },
    breaker: { onChange: (change) => changes.push(change) },
    bulkhead: createBulkhead({ places: 20, queue: 0, clock }),
  });
  const arrive = (count: number) =>
    clock.settle(Promise.all(Array.from({ length: count }, () => guests.attempt({ ...payload, signIn }))));
  return { guests, peers, clock, changes, arrive };
}

const heldBack = {
  outcome: 'failed',
  stage: 'token',
  durationMs: 0,
  statusCodes: [],
  error: { code: 'platform_unavailable', retryable: true, retryAfterMs: 5_000 },
};

test('exchanges that are answered 503 are held back like calls for guests, and begun again', async () => {
  const { asked, exchange } = signIns(...Array.from({ length: 20 }, () => 503));
  const { guests, peers, clock, changes, arrive } = arriving(exchange);
  await using _ = guests;
  await arrive(20);
  for (const one of await arrive(50)) expect(one).toMatchObject(heldBack);
  expect([asked.length, peers.length]).toEqual([20, 0]);
  await clock.advance(5_000);
  expect(await arrive(1)).toMatchObject([{ outcome: 'admitted' }]);
  const operation = 'sign-in';
  expect(changes).toEqual([
    { operation, state: 'open' },
    { operation, state: 'half-open' },
    { operation, state: 'closed' },
  ]);
});

test('while all exchanges fail, only six are repeats', async () => {
  const { asked, exchange } = signIns(...Array.from({ length: 100 }, () => 503));
  const { guests, clock, arrive } = arriving(exchange, 3);
  await using _ = guests;
  for (let guest = 0; guest < 15; guest += 1) {
    await arrive(1);
    // So seldom that the breaker stays closed.
    await clock.advance(1_000);
  }
  expect(asked).toHaveLength(15 + 6);
});

test('exchanges that nobody answers count too, once their deadline has passed', async () => {
  const { guests, clock, arrive } = arriving(() => new Promise(() => {}));
  await using _ = guests;
  for (const one of await arrive(20)) expect(one).toMatchObject({ outcome: 'failed', durationMs: 10_000 });
  for (const one of await arrive(30)) expect(one).toMatchObject(heldBack);
  expect(clock.pending).toBe(0);
});

test('a sign-in that is not accepted ends the attempt at the token', async () => {
  const { peers, transport } = platform();
  const { exchange } = signIns(503, 401);
  const issuer = 'authenticated-web-messaging';
  await using guests = createGuestpass({ environment: 'usw2', issuer, transport, exchange, random: () => 0 });
  expect(await guests.attempt({ ...payload, signIn })).toMatchObject({
    outcome: 'failed',
    stage: 'token',
    error: { code: 'sign_in_rejected', status: 401 },
    retries: 1,
    correlationId: 'corr-1',
  });
  expect(peers).toEqual([]);
});

test.each<[IssuerName, object]>([
  ['authenticated-web-messaging', payload],
  ['web-messaging', { ...payload, signIn }],
  ['rest', { ...payload, signIn }],
])('the issuer %s asks nobody for a payload that does not fit it', async (issuer, misfit) => {
  const { peers, transport } = platform();
  const { asked, exchange } = signIns();
  const client = { clientId: 'id', clientSecret: 'secret' };
  await using guests = createGuestpass({ environment: 'usw2', issuer, transport, exchange, ...client });
  expect(await guests.attempt(misfit)).toMatchObject({
    outcome: 'refused',
    stage: 'payload',
    error: { code: 'payload_invalid', faults: [{ pointer: '/signIn' }] },
  });
  expect([...peers, ...asked]).toEqual([]);
});

test('policy comes before web messaging too', async () => {
  const { peers, transport } = platform();
  await using guests = createGuestpass({ environment: 'usw2', issuer: 'web-messaging', transport });
  const refused = await guests.attempt({ ...payload, consent: { ...payload.consent, accepted: false } });
  expect(refused).toMatchObject({ outcome: 'refused', error: { code: 'consent_required' } });
  expect(peers).toEqual([]);
});

test('rest needs a client, and an Origin is an origin', () => {
  const faultsOf = (options: Parameters<typeof createGuestpass>[0]) => {
    try {
      createGuestpass(options);
    } catch (error) {
      if (error instanceof GuestpassError) return error.faults.map(({ pointer }) => pointer);
    }
    return [];
  };
  expect(faultsOf({ environment: 'usw2' })).toEqual(['/clientId', '/clientSecret']);
  expect(() => createGuestpass({ environment: 'usw2' })).toThrow(
    '/clientId must not be empty; /clientSecret must not be',
  );
  expect(faultsOf({ environment: 'usw2', issuer: 'web-messaging', origin: 'shop' })).toEqual(['/origin']);
});

test('an environment that is not there is told like one that is not usable', () => {
  const options = { clientId: 'client', clientSecret: 'secret' };
  // What a program passes on from a variable that is not set.
  const missing = [undefined, null] as unknown as readonly string[];
  for (const environment of missing) {
    expect(() => createGuestpass({ environment: environment as string, ...options })).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining('The environment is missing.'),
      }),
    );
  }
});

test('whoever watches is told when the access token ends; where none is held or needed there is no end', async () => {
  const clock = manualClock();
  const token = { access_token: 'token-1', token_type: 'bearer', expires_in: 3600 };
  const exchange: Exchange = async () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(token)),
  });
  const options = { environment: 'usw2', clientId: 'client', clientSecret: 'secret' };
  const rest = openIssuer(options, { exchange, clock });
  expect(rest.tokenExpiresAt()).toBeNull();
  await rest.issuer.prepare(payload, {});
  expect(rest.tokenExpiresAt()).toBe(clock.now() + 3_600_000);
  await rest.close();
  expect(rest.tokenExpiresAt()).toBeNull();
  expect(openIssuer({ ...options, issuer: 'web-messaging' }, { exchange, clock }).tokenExpiresAt()).toBeNull();
});
