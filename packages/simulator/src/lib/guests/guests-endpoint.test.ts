import { expect, test } from 'vitest';
import { createSimulator, type Simulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { accessToken, basic, guestRequest, readJson, tokenRequest, tutorialPayload } from '../testing/requests.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const ask = async (simulator: Simulator, parts: Parameters<typeof guestRequest>[0]) => {
  const response = await simulator.fetch(guestRequest(parts));
  return { response, status: response.status, body: await readJson(response) };
};

const admitted = async (parts: Omit<Parameters<typeof guestRequest>[0], 'token'> = {}) => {
  const simulator = createSimulator({ seed: 1, clock: manualClock() });
  return { simulator, ...(await ask(simulator, { ...parts, token: await accessToken(simulator) })) };
};

const onChannel = (channelId: string) => ({ payload: { ...tutorialPayload, channelId } });

test('lets a guest in and tells how to connect', async () => {
  const { simulator, status, body } = await admitted();
  expect(status).toBe(201);
  expect(body).toEqual({
    guestId: expect.stringMatching(uuid),
    channelId: 'your-channel-id',
    sessionToken: expect.stringMatching(/^[\w-]{43}$/),
    expiresAt: '2024-01-18T10:30:00.000Z',
    messaging: { url: 'ws://simulator.test/v1', deploymentId: 'your-channel-id' },
  });
  expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: 1, replayed: 0, rejectedByStatus: {} });
});

test('the messaging address follows the host and scheme that were asked, unless it is set', async () => {
  const simulator = createSimulator({ messagingUrl: 'wss://webmessaging.example/v1' });
  const token = await accessToken(simulator);
  const { body } = await ask(simulator, { token });
  expect(body.messaging).toMatchObject({ url: 'wss://webmessaging.example/v1' });

  const secure = createSimulator();
  const asked = guestRequest({ token: await accessToken(secure) });
  const response = await secure.fetch(
    new Request('https://api.usw2.example/api/v2/conversations/webmessaging/guests', asked),
  );
  expect((await readJson(response)).messaging).toMatchObject({ url: 'wss://api.usw2.example/v1' });
});

test('an answer names its correlation id and how much of the rate is used', async () => {
  const { response } = await admitted();
  expect(response.headers.get('inin-correlation-id')).toMatch(uuid);
  expect(response.headers.get('inin-ratelimit-count')).toBe('1');
  expect(response.headers.get('inin-ratelimit-allowed')).toBe('300');
  expect(response.headers.get('inin-ratelimit-reset')).toBe('60');
  expect(response.headers.get('date')).toBe('Mon, 15 Jan 2024 10:30:00 GMT');
});

test('an error body holds the correlation id as its context', async () => {
  const { response, body } = await admitted(onChannel('nowhere'));
  expect(body).toEqual({
    message: 'The channel was not found.',
    code: 'not.found',
    status: 404,
    entityName: 'channel',
    entityId: 'nowhere',
    contextId: response.headers.get('inin-correlation-id'),
    details: [],
    errors: [],
  });
});

test('without a token, with an unknown one and with another scheme it is 401', async () => {
  const simulator = createSimulator();
  const missing = await ask(simulator, {});
  const unknown = await ask(simulator, { token: 'unknown' });
  const scheme = await ask(simulator, { headers: { Authorization: basic() } });
  expect([missing.status, missing.body.code]).toEqual([401, 'authentication.required']);
  expect([unknown.status, unknown.body.code]).toEqual([401, 'bad.credentials']);
  expect([scheme.status, scheme.body.code]).toEqual([401, 'bad.credentials']);
  expect(unknown.response.headers.get('www-authenticate')).toBe('Bearer');
  expect(unknown.response.headers.has('inin-ratelimit-count')).toBe(false);
});

test('a token is good until the instant it expires', async () => {
  const clock = manualClock();
  const simulator = createSimulator({ clock, tokenLifetimeSeconds: 10 });
  const token = await accessToken(simulator);
  clock.advance(9_999);
  expect((await ask(simulator, { token })).status).toBe(201);
  clock.advance(1);
  const expired = await ask(simulator, { token });
  expect([expired.status, expired.body.code]).toEqual([401, 'credentials.expired']);
});

test('a token without the scope is 403', async () => {
  const simulator = createSimulator();
  const { status, body } = await ask(simulator, { token: await accessToken(simulator, 'openid') });
  expect([status, body.code]).toEqual([403, 'app.not.authorized.for.scope']);
});

test('an unknown channel is 404 and says so, a name of every object as well', async () => {
  const unknown = await admitted(onChannel('nowhere'));
  const inherited = await admitted(onChannel('constructor'));
  expect([unknown.status, unknown.body.code, unknown.body.entityName]).toEqual([404, 'not.found', 'channel']);
  expect([inherited.status, inherited.body.entityId]).toEqual([404, 'constructor']);
});

test('a disabled channel is 403 and says so', async () => {
  const { status, body } = await admitted(onChannel('disabled'));
  expect([status, body.code, body.message]).toEqual([403, 'not.authorized', 'The channel is disabled.']);
});

test('payload faults are 400 with details', async () => {
  const { status, body } = await admitted({ payload: { ...tutorialPayload, consent: { accepted: false } } });
  expect([status, body.code]).toEqual([400, 'constraint.validation']);
  expect(body.details).toEqual([
    { errorCode: 'consent.not.accepted', fieldName: 'consent.accepted' },
    { errorCode: 'required', fieldName: 'consent.timestamp' },
  ]);
});

test('broken JSON is 400, another media type 415, too much of anything 413', async () => {
  const broken = await admitted({ payload: '{' });
  const text = await admitted({ headers: { 'Content-Type': 'text/plain' } });
  const large = await admitted({ payload: 'x'.repeat(512_001) });
  expect([broken.status, broken.body.code]).toEqual([400, 'bad.request']);
  expect([text.status, text.body.code]).toEqual([415, 'unsupported.media.type']);
  expect([large.status, large.body.code]).toEqual([413, 'request.entity.too.large']);
});

test('one request too many is 429 with the seconds to wait, for that token alone', async () => {
  const clock = manualClock();
  const simulator = createSimulator({ clock, requestsPerMinute: 2 });
  const token = await accessToken(simulator);
  await ask(simulator, { token });
  await ask(simulator, { token });
  clock.advance(17_500);
  const refused = await ask(simulator, { token });
  expect([refused.status, refused.body.code]).toEqual([429, 'too.many.requests.retry.after']);
  expect(refused.body.message).toContain('[43] seconds');
  expect(refused.response.headers.get('retry-after')).toBe('43');
  expect(refused.response.headers.get('inin-ratelimit-count')).toBe('2');
  expect((await ask(simulator, { token: await accessToken(simulator) })).status).toBe(201);
  clock.advance(43_000);
  expect((await ask(simulator, { token })).status).toBe(201);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 4, rejectedByStatus: { 429: 1 } });
});

test('the same idempotency key gives the same guest and creates nothing', async () => {
  const simulator = createSimulator();
  const token = await accessToken(simulator);
  const headers = { 'Idempotency-Key': 'key-1' };
  const first = await ask(simulator, { token, headers });
  const again = await ask(simulator, { token: await accessToken(simulator), headers });
  const other = await ask(simulator, { token, headers: { 'Idempotency-Key': 'key-2' } });
  expect([first.status, again.status, other.status]).toEqual([201, 201, 201]);
  expect(again.body).toEqual(first.body);
  expect(other.body.guestId).not.toBe(first.body.guestId);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 2, replayed: 1 });
});

test('an idempotency key belongs to one client, and a refused request does not use it up', async () => {
  const scopes = ['webmessaging:guest:create'];
  const clients = [
    { id: 'one', secret: 's', scopes },
    { id: 'two', secret: 's', scopes },
  ];
  const simulator = createSimulator({ clients });
  const tokenOf = async (id: string) => {
    const response = await simulator.fetch(tokenRequest({ authorization: basic(id, 's') }));
    return String((await readJson(response)).access_token);
  };
  const headers = { 'Idempotency-Key': 'key' };
  expect((await ask(simulator, { token: await tokenOf('one'), headers, ...onChannel('nowhere') })).status).toBe(404);
  const one = await ask(simulator, { token: await tokenOf('one'), headers, ...onChannel('demo') });
  const two = await ask(simulator, { token: await tokenOf('two'), headers, ...onChannel('demo') });
  expect(one.body.guestId).not.toBe(two.body.guestId);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 2, replayed: 0 });
});
