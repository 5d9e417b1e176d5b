import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { exchangeChannel } from '../http/observe.ts';
import type { TraceTry, TryBegun, TryEnded } from '../http/trace-context.ts';
import { TransportError } from '../messaging/transport.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { memoryTransport, type Peer } from '../testing/memory-socket.ts';
import { makeGuest } from './web-messaging-guest.ts';

const url = 'wss://webmessaging.example.test/v1';
const origin = 'https://shop.example.test';
const session = '{"class":"SessionResponse","code":200,"body":{"connected":true}}';
const answering = (frame: string) => (peer: Peer) => {
  peer.onText = () => peer.send(frame);
};
const refusing = (code: number) => answering(JSON.stringify({ class: 'string', code, body: 'no hunter2' }));

/** A platform that does the next thing of its script with each connection, and those who are told of it. */
function watched(...script: readonly ((peer: Peer) => void | Promise<void>)[]) {
  const told: unknown[] = [];
  const subscriber = (message: unknown) => void told.push(message);
  const events = channel(exchangeChannel);
  events.subscribe(subscriber);
  onTestFinished(() => void events.unsubscribe(subscriber));

  const followed: (TryBegun | TryEnded)[] = [];
  const trace: TraceTry = (begun) => {
    followed.push(begun);
    return { headers: { traceparent: `00-try-${begun.resends}` }, end: (ended) => void followed.push(ended) };
  };

  const clock = manualClock();
  const peers: Peer[] = [];
  const transport = memoryTransport((peer) => script[peers.push(peer) - 1]?.(peer));
  const options = { url, transport, origin, clock, random: () => 0.5, newId: () => 'hunter2-token', trace };
  const newcomer = { channelId: 'hunter2-deployment', jwt: 'hunter2-jwt' };
  const come = (call: Parameters<typeof makeGuest>[2] = {}) => clock.settle(makeGuest(options, newcomer, call));
  return { told, followed, clock, peers, come };
}

const about = { operation: 'guest', method: 'GET', url };

test('a session is told of like a call over HTTP, from the upgrade to the answer, and no secret is', async () => {
  const { told, followed, clock, peers, come } = watched((peer) => {
    peer.onText = () => void clock.after(12, () => peer.send(session));
  });
  expect(await come()).toMatchObject({ outcome: 'admitted' });
  expect(told).toEqual([{ ...about, status: 200, durationMs: 12, resends: 0, correlationId: 'corr-socket' }]);
  expect(followed).toEqual([
    { ...about, resends: 0 },
    { status: 200, correlationId: 'corr-socket' },
  ]);
  expect(peers[0]?.headers).toEqual({ origin, traceparent: '00-try-0' });
  expect(JSON.stringify([told, followed])).not.toContain('hunter2');
});

test('each repeat is told of as one, with the try before it', async () => {
  const { told, followed, come } = watched(
    () => {
      throw new TransportError('upgrade_refused', { status: 503, headers: { 'inin-correlation-id': 'corr-503' } });
    },
    refusing(4029),
    (peer) => {
      peer.onText = () => peer.close(1006);
    },
    answering(session),
  );
  expect(await come()).toMatchObject({ outcome: 'admitted' });
  const [first, second, third, fourth] = [
    { status: 503, correlationId: 'corr-503' },
    { failure: 'code_4029', correlationId: 'corr-socket' },
    { failure: 'connection_closed', correlationId: 'corr-socket' },
    { status: 200, correlationId: 'corr-socket' },
  ];
  expect(told).toEqual([
    { ...about, ...first, durationMs: 0, resends: 0 },
    { ...about, ...second, durationMs: 0, resends: 1, previous: { status: 503, durationMs: 0, waitedMs: 250 } },
    {
      ...about,
      ...third,
      durationMs: 0,
      resends: 2,
      previous: { failure: 'code_4029', durationMs: 0, waitedMs: 3000 },
    },
    {
      ...about,
      ...fourth,
      durationMs: 0,
      resends: 3,
      previous: { failure: 'connection_closed', durationMs: 0, waitedMs: 1000 },
    },
  ]);
  expect(followed.filter((one) => !('method' in one))).toEqual([first, second, third, fourth]);
  expect(JSON.stringify([told, followed])).not.toContain('hunter2');
});

test('a try without an answer is told of by what ended it', async () => {
  const { told, come } = watched(() => {
    throw new TransportError('CERT_HAS_EXPIRED', { permanent: true });
  });
  expect(await come()).toMatchObject({ outcome: 'failed' });
  expect(told).toEqual([{ ...about, failure: 'CERT_HAS_EXPIRED', durationMs: 0, resends: 0 }]);

  const silent = watched(() => {});
  const issue = await silent.come({ deadlineAt: 5000 });
  expect(silent.told).toEqual([
    { ...about, failure: 'deadline', durationMs: 5000, resends: 0, correlationId: 'corr-socket' },
  ]);
  expect(issue).toMatchObject({ error: { code: 'deadline_exceeded', correlationId: 'corr-socket' } });
});

test('a malfunction of our own is told of as an error, and thrown', async () => {
  const broken = new TypeError('hunter2');
  const { told, followed, come } = watched(() => Promise.reject(broken));
  await expect(come()).rejects.toBe(broken);
  expect(told).toMatchObject([{ failure: 'error' }]);
  expect(followed[1]).toEqual({ failure: 'error' });
});

test('the follower of the call stands in for the usual one, and one that throws changes nothing', async () => {
  const { followed, peers, come } = watched(answering(session), answering(session));
  await come({ trace: () => ({ headers: { traceparent: '00-own' } }) });
  const failing = () => {
    throw new Error('follower');
  };
  expect(await come({ trace: failing })).toMatchObject({ outcome: 'admitted' });
  expect(peers.map(({ headers }) => headers.traceparent)).toEqual(['00-own', undefined]);
  expect(followed).toEqual([]);
});
