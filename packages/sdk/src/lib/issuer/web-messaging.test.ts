import { expect, test } from 'vitest';
import { TransportError } from '../messaging/transport.ts';
import { type ManualClock, manualClock } from '../testing/manual-clock.ts';
import { memoryTransport, type Peer } from '../testing/memory-socket.ts';
import { webMessagingIssuer } from './web-messaging.ts';

const begins = Date.parse('2026-01-15T10:30:00Z');
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };
const ready = { tries: [] };
const session = (body: object = {}) =>
  JSON.stringify({ type: 'response', class: 'SessionResponse', code: 200, body: { connected: true, ...body } });
const refusal = (code: number) => JSON.stringify({ type: 'response', class: 'string', code, body: 'no hunter2' });
const tooMany = (retryAfter?: number) =>
  JSON.stringify({ class: 'TooManyRequestsErrorMessage', code: 429, body: { retryAfter, errorCode: 4029 } });

/** A platform that does the next thing of its script with each connection, and the last one again and again. */
function platform(...script: readonly ((peer: Peer) => void | Promise<void>)[]) {
  const peers: Peer[] = [];
  const texts: string[] = [];
  const clock = manualClock(begins);
  let ids = 0;
  const transport = memoryTransport((peer) => {
    peers.push(peer);
    const behave = script[Math.min(peers.length, script.length) - 1];
    peer.onText = (text) => void texts.push(text);
    return behave?.(peer);
  });
  const issuer = webMessagingIssuer({
    url: 'wss://webmessaging.example.test/v1',
    transport,
    origin: 'https://shop.example.test',
    clock,
    random: () => 0.5,
    newId() {
      ids += 1;
      return `id-${ids}`;
    },
  });
  return { issuer, clock, peers, texts };
}

const answering =
  (...frames: readonly string[]) =>
  (peer: Peer) => {
    const note = peer.onText;
    peer.onText = (text) => {
      note(text);
      for (const frame of frames) peer.send(frame);
    };
  };
const silent = () => {};
const refusing =
  (status: number, headers: Record<string, string> = {}) =>
  () => {
    throw new TransportError('upgrade_refused', { status, headers });
  };
const broken =
  (failure: string, permanent = false) =>
  () => {
    throw new TransportError(failure, { permanent });
  };
const hangingUp = (peer: Peer) => {
  peer.onText = () => peer.close(1006);
};

const within = (clock: ManualClock, deadlineMs: number) => ({ deadlineAt: clock.monotonic() + deadlineMs });

test('a session that is configured admits, and the connection is closed', async () => {
  const { issuer, clock, peers, texts } = platform(
    answering('not json', '{"class":"SomethingNew","body":{}}', session({ expirationDate: begins / 1000 + 60 })),
  );
  expect(issuer.prepare(payload, {})).toEqual(ready);
  expect(await issuer.issue(payload, within(clock, 5000), ready)).toEqual({
    outcome: 'admitted',
    guestPass: {
      guestId: 'id-2',
      channelId: 'demo',
      sessionToken: 'id-1',
      expiresAt: '2026-01-15T10:31:00.000Z',
      connect: { url: 'wss://webmessaging.example.test/v1', deploymentId: 'demo' },
    },
    tries: [{ status: 200, durationMs: 0 }],
    correlationId: 'corr-socket',
  });
  expect(peers.map(({ url }) => url.href)).toEqual(['wss://webmessaging.example.test/v1?deploymentId=demo']);
  expect(peers[0]?.headers).toEqual({ origin: 'https://shop.example.test' });
  expect(texts.map((text) => JSON.parse(text))).toEqual([
    { action: 'configureSession', deploymentId: 'demo', token: 'id-1', tracingId: 'configure' },
  ]);
  expect(await peers[0]?.closed).toMatchObject({ code: 1000 });
  expect(clock.pending).toBe(0);
});

test('the expiry comes from the date, else from the duration, else there is none', async () => {
  const expiry = async (body: object) => {
    const { issuer } = platform(answering(session(body)));
    const issue = await issuer.issue(payload, {}, ready);
    return issue.outcome === 'admitted' ? issue.guestPass.expiresAt : issue.outcome;
  };
  expect(await expiry({ durationSeconds: 60 })).toBe('2026-01-15T10:31:00.000Z');
  expect(await expiry({ durationSeconds: 60, expirationDate: begins / 1000 })).toBe('2026-01-15T10:30:00.000Z');
  expect(await expiry({})).toBeNull();
  expect(await expiry({ durationSeconds: 1e300, expirationDate: 'soon' })).toBeNull();
});

test('tokens and guest ids are random UUIDs, and another token is used for each try', async () => {
  const clock = manualClock(begins);
  const tokens: string[] = [];
  const transport = memoryTransport((peer) => {
    peer.onText = (text) => {
      tokens.push(JSON.parse(text).token);
      if (tokens.length === 1) peer.close(1006);
      else peer.send(session());
    };
  });
  const origin = 'https://shop.example.test';
  const issuer = webMessagingIssuer({ url: 'ws://127.0.0.1:1/v1', transport, origin, clock, random: () => 0 });
  const issue = await clock.settle(issuer.issue(payload, {}, ready));
  expect(issue).toMatchObject({ outcome: 'admitted', guestPass: { sessionToken: tokens[1] } });
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const token of tokens) expect(token).toMatch(uuid);
  expect(new Set(tokens).size).toBe(2);
});

test('a 403 on the upgrade is forbidden, once, with the three usual reasons', async () => {
  const { issuer, clock, peers } = platform(refusing(403, { 'inin-correlation-id': 'corr-1' }));
  const issue = await clock.settle(issuer.issue(payload, {}, ready));
  expect(issue).toMatchObject({
    outcome: 'failed',
    error: { code: 'forbidden', status: 403, correlationId: 'corr-1', retryable: false },
    tries: [{ status: 403, durationMs: 0 }],
    correlationId: 'corr-1',
  });
  const remedy = issue.outcome === 'admitted' ? '' : issue.error.remedy;
  for (const reason of ['deployment id', 'Origin', 'allowed domains', 'configuration'])
    expect(remedy).toContain(reason);
  expect(peers.length).toBe(1);
});

const final: readonly [string, (peer: Peer) => void, object][] = [
  ['a 404 on the upgrade', refusing(404), { code: 'endpoint_not_found', status: 404 }],
  ['a 401 on the upgrade', refusing(401), { code: 'forbidden' }],
  ['a 400 on the upgrade', refusing(400), { code: 'request_rejected' }],
  ['a page instead of an upgrade', refusing(200), { code: 'platform_response_invalid' }],
  [
    'a certificate that is not trusted',
    broken('CERT_HAS_EXPIRED', true),
    { code: 'platform_unavailable', retryable: false },
  ],
  ['a 4000', answering(refusal(4000)), { code: 'forbidden', status: undefined }],
  ['a 403', answering(refusal(403)), { code: 'forbidden', status: 403 }],
  ['a 4017', answering(refusal(4017)), { code: 'request_rejected' }],
  ['a 4020', answering(refusal(4020)), { code: 'request_rejected' }],
  ['a 400', answering(refusal(400)), { code: 'request_rejected' }],
  ['a session that is not connected', answering(session({ connected: false })), { code: 'platform_response_invalid' }],
];

test.each(final)('%s ends the attempt at once', async (_, behave, error) => {
  const { issuer, clock, peers } = platform(behave);
  const issue = await clock.settle(issuer.issue(payload, {}, ready));
  expect(issue).toMatchObject({ outcome: 'failed', error });
  expect(JSON.stringify(issue.outcome === 'admitted' ? '' : issue.error)).not.toContain('hunter2');
  expect(peers.length).toBe(1);
});

const passing: readonly [string, (peer: Peer) => void, object][] = [
  ['a connection that is refused', broken('ECONNREFUSED'), { failure: 'ECONNREFUSED' }],
  ['a connection that breaks', hangingUp, { failure: 'connection_closed' }],
  ['a 503 on the upgrade', refusing(503), { status: 503 }],
  ['a 500', answering(refusal(500)), { status: 500 }],
  ['a connection that is closed by the platform', answering('{"class":"ConnectionClosedEvent","body":{}}'), {}],
];

test.each(passing)('%s is tried again, at most three times', async (_, behave, ended) => {
  const once = platform(behave, answering(session()));
  const recovered = await once.clock.settle(once.issuer.issue(payload, {}, ready));
  expect(recovered).toMatchObject({ outcome: 'admitted', tries: [{ ...ended, waitedMs: 250 }, { status: 200 }] });

  const always = platform(behave);
  const spent = await always.clock.settle(always.issuer.issue(payload, {}, ready));
  expect(spent).toMatchObject({ outcome: 'failed', error: { code: 'platform_unavailable', retryable: true } });
  expect(spent.tries.map(({ waitedMs }) => waitedMs)).toEqual([250, 500, 1000, undefined]);
});

test('too many requests are waited for as long as the platform asks', async () => {
  const { issuer, clock } = platform(
    answering(tooMany(7)),
    refusing(429, { 'retry-after': '2' }),
    answering(session()),
  );
  const issue = await clock.settle(issuer.issue(payload, within(clock, 60_000), ready));
  expect(issue).toMatchObject({
    outcome: 'admitted',
    tries: [{ status: 429, waitedMs: 7000 }, { status: 429, waitedMs: 2000 }, { status: 200 }],
  });
});

test('a wait that does not fit before the deadline ends the attempt at once', async () => {
  const { issuer, clock } = platform(answering(tooMany(7)));
  const issue = await issuer.issue(payload, within(clock, 5000), ready);
  expect(issue).toMatchObject({ outcome: 'failed', error: { code: 'rate_limited', retryAfterMs: 7000 } });
  expect(clock.monotonic()).toBe(0);
});

test.each([undefined, 1e12])('a retryAfter of %s cannot stall or spin', async (retryAfter) => {
  const { issuer, clock, peers } = platform(answering(tooMany(retryAfter)));
  const issue = await clock.settle(issuer.issue(payload, {}, ready));
  expect(issue).toMatchObject({ outcome: 'failed', error: { code: 'rate_limited' } });
  expect(clock.monotonic()).toBe(retryAfter === undefined ? 9000 : 0);
  expect(peers.length).toBe(retryAfter === undefined ? 4 : 1);
});

test.each([
  ['an opening', () => new Promise<void>(() => {})],
  ['an answer', silent],
])('the deadline ends the wait for %s, and nothing is left behind', async (_, behave) => {
  const { issuer, clock, peers } = platform(behave);
  const issue = await clock.settle(issuer.issue(payload, within(clock, 5000), ready));
  expect(issue).toMatchObject({
    outcome: 'failed',
    error: { code: 'deadline_exceeded' },
    tries: [{ durationMs: 5000 }],
  });
  expect(clock.pending).toBe(0);
  if (behave === silent) expect(await peers[0]?.closed).toMatchObject({ code: 1000 });
});

test('the caller may give up before, in the middle of, and between tries', async () => {
  const early = platform(answering(session()));
  expect(await early.issuer.issue(payload, { signal: AbortSignal.abort() }, ready)).toMatchObject({
    outcome: 'failed',
    error: { code: 'aborted' },
  });
  expect(early.peers).toEqual([]);

  const user = new AbortController();
  const middle = platform((peer) => {
    peer.onText = () => user.abort();
  });
  expect(await middle.issuer.issue(payload, { signal: user.signal }, ready)).toMatchObject({
    error: { code: 'aborted' },
  });
  expect(await middle.peers[0]?.closed).toMatchObject({ code: 1000 });

  const waiting = new AbortController();
  const between = platform(answering(tooMany(7)));
  const issue = between.issuer.issue(payload, { signal: waiting.signal }, ready);
  await between.clock.advance(1000);
  waiting.abort();
  expect(await issue).toMatchObject({ error: { code: 'aborted' }, tries: [{ status: 429, waitedMs: 7000 }] });
  expect(between.clock.pending).toBe(0);
});

test('a malfunction of our own is thrown', async () => {
  const broke = new TypeError('broken');
  const { issuer } = platform(() => Promise.reject(broke));
  await expect(issuer.issue(payload, {}, ready)).rejects.toBe(broke);
});
