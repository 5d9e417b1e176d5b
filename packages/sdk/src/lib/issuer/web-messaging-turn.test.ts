import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { createBulkhead } from '../http/bulkhead.ts';
import { exchangeChannel } from '../http/observe.ts';
import { createUpstreamGuard } from '../http/upstream-guard.ts';
import { TransportError } from '../messaging/transport.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { memoryTransport, type Peer } from '../testing/memory-socket.ts';
import { makeGuest, type WebMessagingOptions } from './web-messaging-guest.ts';

type Behave = (peer: Peer) => void | Promise<void>;

const session = '{"class":"SessionResponse","code":200,"body":{"connected":true}}';
const answering =
  (frame: string): Behave =>
  (peer) => {
    peer.onText = () => peer.send(frame);
  };
const saying = (code: number) => answering(JSON.stringify({ class: 'string', code, body: 'no' }));
const admitting = answering(session);
const refusing = (status: number) => () => {
  throw new TransportError('upgrade_refused', { status });
};
const unreachable =
  (code: string, permanent = false) =>
  () => {
    throw new TransportError(code, { permanent, cause: Object.assign(new Error(code), { code }) });
  };
const silent = () => {};
const hanging = () => new Promise<void>(() => {});

/** A platform that does the same with each socket until it is told something else, and a client with a breaker. */
function setUp(behave: Behave, options: Partial<WebMessagingOptions> & { readonly places?: number } = {}) {
  const { places = 100, ...more } = options;
  const clock = manualClock();
  const states: string[] = [];
  const guard = createUpstreamGuard('guest', { onChange: ({ state }) => states.push(state) });
  const bulkhead = createBulkhead({ places, queue: 2, clock });
  const platform = { behave, sockets: 0 };
  const transport = memoryTransport((peer) => {
    platform.sockets += 1;
    return platform.behave(peer);
  });
  const url = 'wss://webmessaging.example.test/v1';
  const origin = 'https://shop.example.test';
  const setting = { url, origin, transport, clock, random: () => 0.5, retries: 0, guard, bulkhead, ...more };
  /** One guest; the deadline is so far ahead. */
  const come = (deadlineMs = 5_000, signal?: AbortSignal) => {
    const call = { deadlineAt: clock.monotonic() + deadlineMs, ...(signal && { signal }) };
    return makeGuest(setting, { channelId: 'demo' }, call);
  };
  const comeMany = (count: number, deadlineMs?: number) =>
    clock.settle(Promise.all(Array.from({ length: count }, () => come(deadlineMs))));
  const counts = () => [bulkhead.inUse, bulkhead.waiting];
  return { clock, platform, states, come, comeMany, counts };
}

test('a platform that refuses upgrades with 503 is left alone after 20, and asked again when the time is up', async () => {
  const { clock, platform, states, come, comeMany } = setUp(refusing(503));
  await comeMany(20);
  // Nobody moves the clock: the answer comes at once.
  expect(await come()).toMatchObject({
    outcome: 'failed',
    error: { code: 'platform_unavailable', retryable: true, retryAfterMs: 5_000 },
    tries: [],
    correlationId: null,
  });
  await clock.advance(4_999);
  expect(await come()).toMatchObject({ error: { retryAfterMs: 1 } });
  expect(platform.sockets).toBe(20);
  await clock.advance(1);
  platform.behave = admitting;
  expect(await come()).toMatchObject({ outcome: 'admitted' });
  expect(await come()).toMatchObject({ outcome: 'admitted' });
  expect([platform.sockets, states]).toEqual([22, ['open', 'half-open', 'closed']]);
});

test('what ends a try decides whether it counts', async () => {
  const opens = async (behave: Behave, deadlineMs?: number) => {
    const { comeMany, states } = setUp(behave);
    await comeMany(20, deadlineMs);
    return states.includes('open');
  };
  for (const status of [500, 502, 503, 504]) {
    expect(await opens(refusing(status)), `upgrade ${status}`).toBe(true);
    expect(await opens(saying(status)), `answer ${status}`).toBe(true);
  }
  for (const status of [200, 302, 400, 401, 403, 404, 408, 429]) {
    expect(await opens(refusing(status)), `upgrade ${status}`).toBe(false);
  }
  for (const code of [400, 401, 403, 408, 429, 4000, 4017, 4029]) {
    expect(await opens(saying(code)), `answer ${code}`).toBe(false);
  }
  expect(await opens(admitting)).toBe(false);
  expect(await opens(answering('{"class":"SessionResponse","code":200,"body":{"connected":false}}'))).toBe(false);
  expect(await opens(answering('{"class":"ConnectionClosedEvent","body":{}}'))).toBe(false);
  expect(await opens((peer) => peer.close(1006))).toBe(true);
  expect(await opens(unreachable('ECONNRESET'))).toBe(true);
  expect(await opens(unreachable('CERT_HAS_EXPIRED', true))).toBe(false);
  for (const behave of [silent, hanging]) {
    expect(await opens(behave, 999)).toBe(false);
    expect(await opens(behave, 1_000)).toBe(true);
  }
});

test('five connections that do not come about are enough, and upgrades that break are not', async () => {
  const refused = setUp(unreachable('ECONNREFUSED'));
  await refused.comeMany(5);
  expect(refused.states).toEqual(['open']);
  const broken = setUp(unreachable('ECONNRESET'));
  await broken.comeMany(19);
  expect(broken.states).toEqual([]);
});

test('guests who give up say nothing of the platform', async () => {
  const { clock, come, states, counts } = setUp(silent);
  const user = new AbortController();
  const all = Promise.all(Array.from({ length: 30 }, () => come(60_000, user.signal)));
  await clock.advance(30_000);
  user.abort();
  for (const one of await all) expect(one).toMatchObject({ error: { code: 'aborted' } });
  expect([states, counts(), clock.pending]).toEqual([[], [0, 0], 0]);
});

test('a repeat that is held back leaves the refusal before it as it was', async () => {
  const { clock, come, comeMany, platform } = setUp(refusing(503), { retries: 1 });
  const early = come();
  await clock.advance(0);
  platform.behave = unreachable('ECONNREFUSED');
  await comeMany(5);
  expect(await early).toMatchObject({
    outcome: 'failed',
    error: { code: 'platform_unavailable', status: 503 },
    tries: [{ status: 503, waitedMs: 250 }],
  });
  expect(platform.sockets).toBe(6);
});

test('while all sessions fail, only six tries are repeats', async () => {
  const { clock, come, platform } = setUp(refusing(503), { retries: 3, baseDelayMs: 0 });
  for (let guest = 0; guest < 15; guest += 1) {
    await clock.settle(come());
    // So seldom that the breaker stays closed.
    await clock.advance(1_000);
  }
  expect(platform.sockets).toBe(15 + 6);
});

test('so many sockets are opened at once; a few guests wait for a place, and what comes on top is refused at once', async () => {
  const { clock, platform, come, counts } = setUp(hanging, { places: 2 });
  const [first, second, third, fourth] = [come(), come(), come(3_000), come(3_000)];
  expect(await come()).toMatchObject({
    outcome: 'failed',
    error: { code: 'overloaded', retryable: true, detail: '2 requests are under way, and 2 wait. Nothing was sent.' },
    tries: [],
  });
  expect([platform.sockets, counts()]).toEqual([2, [2, 2]]);
  await clock.advance(2_000);
  expect([await third, await fourth]).toMatchObject([
    { error: { code: 'overloaded' }, tries: [] },
    { error: { code: 'overloaded' }, tries: [] },
  ]);
  expect(counts()).toEqual([2, 0]);
  await clock.advance(3_000);
  expect(await first).toMatchObject({ error: { code: 'deadline_exceeded' } });
  await second;
  expect([platform.sockets, counts(), clock.pending]).toEqual([2, [0, 0], 0]);
});

test('a deadline, an abort and an answer each give their place to the next guest', async () => {
  const { clock, platform, come, counts } = setUp(silent, { places: 3 });
  const user = new AbortController();
  const late = come(1_500);
  const aborted = come(5_000, user.signal);
  platform.behave = (peer) => {
    peer.onText = () => void clock.after(200, () => peer.send(session));
  };
  const admitted = come();
  await clock.advance(100);
  platform.behave = admitting;
  const next = [come(), come()];
  expect(counts()).toEqual([3, 2]);
  await clock.advance(100);
  expect(await admitted).toMatchObject({ outcome: 'admitted' });
  user.abort();
  expect(await aborted).toMatchObject({ error: { code: 'aborted' } });
  expect(await Promise.all(next)).toMatchObject([{ outcome: 'admitted' }, { outcome: 'admitted' }]);
  expect(counts()).toEqual([1, 0]);
  await clock.advance(1_300);
  expect(await late).toMatchObject({ error: { code: 'deadline_exceeded' } });
  expect([counts(), clock.pending]).toEqual([[0, 0], 0]);
});

test('who gives up in the line opens no socket, and is told of to nobody', async () => {
  const told: unknown[] = [];
  const subscriber = (event: unknown) => void told.push(event);
  channel(exchangeChannel).subscribe(subscriber);
  onTestFinished(() => void channel(exchangeChannel).unsubscribe(subscriber));
  const { clock, platform, come, counts } = setUp(silent, { places: 1 });
  const first = come();
  const user = new AbortController();
  const waiting = come(5_000, user.signal);
  await clock.advance(500);
  user.abort();
  expect(await waiting).toMatchObject({ outcome: 'failed', error: { code: 'aborted' }, tries: [] });
  expect([platform.sockets, counts(), told]).toEqual([1, [1, 0], []]);
  await clock.settle(first);
  expect([told.length, clock.pending]).toEqual([1, 0]);
});

test('while the platform is left alone, nobody takes or waits for a place', async () => {
  const { come, comeMany, counts } = setUp(unreachable('ECONNREFUSED'), { places: 1 });
  for (let guest = 0; guest < 5; guest += 1) await comeMany(1);
  const all = Array.from({ length: 20 }, () => come());
  expect(counts()).toEqual([0, 0]);
  for (const one of await Promise.all(all)) expect(one).toMatchObject({ error: { code: 'platform_unavailable' } });
});

test('no place is held between two tries', async () => {
  const { clock, platform, come, counts } = setUp(refusing(503), { places: 1, retries: 1 });
  const patient = come();
  await clock.advance(0);
  expect(counts()).toEqual([0, 0]);
  platform.behave = admitting;
  expect(await come()).toMatchObject({ outcome: 'admitted' });
  expect(await clock.settle(patient)).toMatchObject({ outcome: 'admitted', tries: [{ status: 503 }, { status: 200 }] });
});

test('a probe that is given up leaves the next guest to probe', async () => {
  const { clock, platform, states, come, comeMany } = setUp(unreachable('ECONNREFUSED'));
  await comeMany(5);
  await clock.advance(5_000);
  platform.behave = silent;
  const user = new AbortController();
  const probe = come(5_000, user.signal);
  expect(await come()).toMatchObject({ error: { code: 'platform_unavailable', retryAfterMs: 1_000 } });
  user.abort();
  expect(await probe).toMatchObject({ error: { code: 'aborted' } });
  platform.behave = admitting;
  expect(await come()).toMatchObject({ outcome: 'admitted' });
  expect(states).toEqual(['open', 'half-open', 'closed']);
});

test('a malfunction of our own is thrown, keeps no place, and says nothing of the platform', async () => {
  const { come, counts, states } = setUp(() => Promise.reject(new TypeError('broken')));
  for (let guest = 0; guest < 30; guest += 1) await expect(come()).rejects.toThrow('broken');
  expect([counts(), states]).toEqual([[0, 0], []]);
});
