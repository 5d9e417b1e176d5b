import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { guardedExchange } from './guarded-exchange.ts';
import { type SettledNotice, type WebhookSenderOptions, webhookSender } from './in-process.ts';
import type { GuestNotice } from './notice.ts';
import { generateWebhookSecret } from './secret.ts';
import { verifyWebhook } from './verify.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const startsAt = Date.parse('2024-01-15T10:30:00Z');

const noticeOf = (attemptId: string): GuestNotice => ({
  type: 'guest.authenticated',
  timestamp: '2024-01-15T10:30:00.000Z',
  data: {
    attemptId,
    sequence: 2,
    guestId: 'guest-1',
    channelId: 'demo',
    consentTimestamp: '2024-01-15T10:29:00Z',
    code: null,
    correlationId: null,
  },
});

/** A receiver that answers the given statuses in turn, the last one for ever, and keeps what it got. */
function receiver(...statuses: readonly number[]) {
  const requests: HttpRequest[] = [];
  const exchange: Exchange = async (request) => {
    requests.push(request);
    const status = statuses[Math.min(requests.length, statuses.length) - 1] ?? 200;
    return { status, headers: {}, body: new Uint8Array() };
  };
  return { requests, exchange };
}

/** A receiver that answers when told, and lets go when the request is given up. */
function slowReceiver() {
  const answers: ((status: number) => void)[] = [];
  const exchange: Exchange = ({ signal }) =>
    new Promise<HttpResponse>((resolve, reject) => {
      answers.push((status) => resolve({ status, headers: {}, body: new Uint8Array() }));
      signal?.addEventListener('abort', () => reject(new ExchangeError('aborted', { sent: 'maybe' })));
    });
  return { answers, exchange };
}

function setUp(more: Partial<WebhookSenderOptions>) {
  const clock = manualClock(startsAt);
  const settled: SettledNotice[] = [];
  const sender = webhookSender({
    url: 'https://idp.example/hooks',
    secrets: [generateWebhookSecret()],
    clock,
    random: () => 0.5,
    onSettled: (one) => settled.push(one),
    ...more,
  });
  cleanUps.push(() => clock.settle(sender[Symbol.asyncDispose]()));
  return { clock, settled, sender };
}

test('a notice is delivered over the wire and can be verified', async () => {
  const secrets = [generateWebhookSecret()];
  const received = Promise.withResolvers<unknown>();
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    response.writeHead(204).end();
    received.resolve(verifyWebhook({ headers: request.headers, body, secrets, nowMs: startsAt }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/hooks`;
  const { sender, settled } = setUp({ url, secrets, allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.1/32'] });
  sender.send(noticeOf('att_1'));
  expect(await received.promise).toEqual({ id: 'att_1', timestamp: startsAt / 1000, payload: noticeOf('att_1') });
  await sender[Symbol.asyncDispose]();
  expect(settled).toMatchObject([{ outcome: 'delivered', attempts: 1, lastResult: { status: 204 } }]);
});

test('a notice is tried again on schedule, with the same id and bytes', async () => {
  const { requests, exchange } = receiver(503, 500, 200);
  const { clock, sender, settled } = setUp({ exchange });
  sender.send(noticeOf('att_1'));
  await clock.advance(4_999);
  expect(requests).toHaveLength(1);
  await clock.advance(1);
  expect(requests).toHaveLength(2);
  await clock.advance(299_999);
  expect([requests.length, sender.pending]).toEqual([2, 1]);
  await clock.advance(1);
  expect([requests.length, sender.pending]).toEqual([3, 0]);
  expect(new Set(requests.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
  expect(settled).toMatchObject([{ outcome: 'delivered', attempts: 3 }]);
  expect(clock.pending).toBe(0);
});

test('when the schedule is spent the notice is reported and dropped', async () => {
  const { requests, exchange } = receiver(500);
  const { clock, sender, settled } = setUp({ exchange });
  sender.send(noticeOf('att_1'));
  await clock.advance(3_600_000);
  expect(requests).toHaveLength(4);
  expect(settled).toEqual([
    {
      notice: noticeOf('att_1'),
      outcome: 'dropped',
      reason: 'schedule_spent',
      attempts: 4,
      lastResult: { result: 'retry', status: 500, failure: 'http_500', durationMs: 0 },
    },
  ]);
  expect([clock.pending, sender.pending]).toEqual([0, 0]);
});

test('a receiver that is gone gets nothing more', async () => {
  const { requests, exchange } = receiver(500, 410);
  const { clock, sender, settled } = setUp({ exchange, concurrency: 1 });
  sender.send(noticeOf('att_waiting'));
  await clock.advance(0);
  sender.send(noticeOf('att_told'));
  sender.send(noticeOf('att_queued'));
  await clock.advance(0);
  sender.send(noticeOf('att_late'));
  expect(requests).toHaveLength(2);
  expect(settled.map(({ notice, reason }) => [notice.data.attemptId, reason])).toEqual([
    ['att_told', 'gone'],
    ['att_queued', 'gone'],
    ['att_waiting', 'gone'],
    ['att_late', 'gone'],
  ]);
  expect([clock.pending, sender.pending]).toEqual([0, 0]);
});

test('an address that turns out not to be public ends the notice at once', async () => {
  const { exchange, close } = guardedExchange({ resolve: async () => ['10.0.0.1'] });
  cleanUps.push(close);
  const { clock, sender, settled } = setUp({ exchange });
  sender.send(noticeOf('att_1'));
  await clock.settle(sender[Symbol.asyncDispose]());
  expect(settled).toMatchObject([{ outcome: 'dropped', reason: 'refused', attempts: 1 }]);
});

test('no more attempts run at once than allowed, and no more notices wait', async () => {
  const { answers, exchange } = slowReceiver();
  const { clock, sender, settled } = setUp({ exchange, concurrency: 2, maxPending: 3 });
  for (const id of ['att_1', 'att_2', 'att_3', 'att_4']) sender.send(noticeOf(id));
  expect([answers.length, sender.pending]).toEqual([2, 3]);
  expect(settled).toMatchObject([{ notice: noticeOf('att_4'), reason: 'overloaded', attempts: 0 }]);
  answers[0]?.(200);
  await clock.advance(0);
  expect([answers.length, sender.pending]).toEqual([3, 2]);
  for (const answer of answers) answer(200);
});

test('disposing sends what was not tried, waits for what is under way, and drops the rest', async () => {
  const { answers, exchange } = slowReceiver();
  const { clock, sender, settled } = setUp({ exchange, concurrency: 1 });
  sender.send(noticeOf('att_retry'));
  answers[0]?.(500);
  await clock.advance(0);
  sender.send(noticeOf('att_running'));
  sender.send(noticeOf('att_queued'));
  const disposed = sender[Symbol.asyncDispose]();
  sender.send(noticeOf('att_late'));
  answers[1]?.(200);
  await clock.advance(0);
  answers[2]?.(500);
  await clock.advance(0);
  await disposed;
  expect(settled.map(({ notice, outcome, reason }) => [notice.data.attemptId, reason ?? outcome])).toEqual([
    ['att_retry', 'closed'],
    ['att_late', 'closed'],
    ['att_running', 'delivered'],
    ['att_queued', 'closed'],
  ]);
  expect([clock.pending, sender.pending]).toEqual([0, 0]);
  await sender[Symbol.asyncDispose]();
});

test('disposing tries a notice whose first delay has not passed', async () => {
  const { requests, exchange } = receiver(200);
  const { clock, sender, settled } = setUp({ exchange, schedule: [60_000] });
  sender.send(noticeOf('att_1'));
  await clock.advance(0);
  expect(requests).toHaveLength(0);
  await clock.settle(sender[Symbol.asyncDispose]());
  expect(settled).toMatchObject([{ outcome: 'delivered' }]);
});

test('disposing does not wait for ever', async () => {
  const { answers, exchange } = slowReceiver();
  const { clock, sender, settled } = setUp({ exchange, concurrency: 1, drainMs: 3_000 });
  sender.send(noticeOf('att_1'));
  sender.send(noticeOf('att_2'));
  const disposed = sender[Symbol.asyncDispose]();
  await clock.advance(3_000);
  await disposed;
  expect(answers).toHaveLength(1);
  expect(settled.map(({ notice, reason }) => [notice.data.attemptId, reason])).toEqual([
    ['att_2', 'closed'],
    ['att_1', 'closed'],
  ]);
  expect([clock.pending, sender.pending]).toEqual([0, 0]);
});

test('a fault of our own drops the notice and reaches nobody else', async () => {
  const { clock, sender, settled } = setUp({
    exchange: async () => {
      throw new TypeError('a bug');
    },
  });
  sender.send(noticeOf('att_1'));
  await clock.advance(0);
  expect(settled).toMatchObject([{ outcome: 'dropped', reason: 'malfunction', error: expect.any(TypeError) }]);

  const { exchange } = receiver(200);
  const reporting = setUp({
    exchange,
    onSettled: () => {
      throw new Error('the reporter broke');
    },
  });
  reporting.sender.send(noticeOf('att_1'));
  await reporting.clock.advance(0);
  expect(reporting.sender.pending).toBe(0);
});

test('what is not usable is told when the sender is made', () => {
  const secrets = [generateWebhookSecret()];
  const url = 'https://idp.example/hooks';
  for (const options of [
    { url: 'http://idp.example/', secrets },
    { url: 'https://127.0.0.1/', secrets },
    { url, secrets: [] },
    { url, secrets: ['whsec_c2hvcnQ='] },
    { url, secrets, schedule: [] },
    { url, secrets, schedule: [0, 1] },
    { url, secrets, allowCidrs: ['home'] },
  ]) {
    expect(() => webhookSender(options)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  }
});
