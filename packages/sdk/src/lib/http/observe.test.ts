import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { withBearer } from './authorize.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';
import { type ExchangeEvent, exchangeChannel, withObserver } from './observe.ts';
import { withRetry } from './retry.ts';

const request: HttpRequest = {
  method: 'POST',
  url: 'https://user:hunter2@api.example/api/v2/guests?code=hunter2#hunter2',
  headers: { authorization: 'Bearer hunter2' },
  body: '{"captcha":"hunter2"}',
};
const created: HttpResponse = {
  status: 201,
  headers: { 'inin-correlation-id': 'c0ffee', 'set-cookie': 'hunter2' },
  body: Buffer.from('hunter2'),
};

function subscribe(): unknown[] {
  const told: unknown[] = [];
  const subscriber = (message: unknown) => void told.push(message);
  const events = channel(exchangeChannel);
  events.subscribe(subscriber);
  onTestFinished(() => void events.unsubscribe(subscriber));
  return told;
}

function taking(ms: number, clock: ReturnType<typeof manualClock>, end: () => HttpResponse): Exchange {
  return () =>
    new Promise(
      (resolve, reject) =>
        void clock.after(ms, () => {
          try {
            resolve(end());
          } catch (error) {
            reject(error);
          }
        }),
    );
}

test('a repeat is told from a first try, and why it was sent', async () => {
  const clock = manualClock();
  const told: unknown[] = [];
  const listener = ({ resends, previous }: ExchangeEvent) =>
    told.push([resends, previous?.status ?? previous?.failure]);
  const answers: (number | ExchangeError)[] = [new ExchangeError('ECONNREFUSED', { sent: 'no' }), 401, 503, 201];
  const scripted: Exchange = async () => {
    const next = answers.shift() ?? 500;
    if (next instanceof ExchangeError) throw next;
    return { ...created, status: next };
  };
  const observed = withObserver(scripted, { operation: 'guest', clock, listener });
  const retried = withRetry(observed, { clock, random: () => 0, idempotent: false });
  const tokens = { get: () => ({ value: 'token', cached: true, tries: [] }), drop: () => {} };
  expect(await clock.settle(withBearer(retried, tokens, clock)(request))).toMatchObject({ status: 201 });
  expect(told).toEqual([
    [0, undefined],
    [1, 'ECONNREFUSED'],
    [2, 401],
    [3, 503],
  ]);
});

test('subscribers and listener are told of an answer, and of nothing secret', async () => {
  const clock = manualClock();
  const told = subscribe();
  const heard: ExchangeEvent[] = [];
  const exchange = withObserver(
    taking(12, clock, () => created),
    {
      operation: 'guest',
      clock,
      listener: (event) => heard.push(event),
    },
  );
  expect(await clock.settle(exchange(request))).toBe(created);
  expect(told).toEqual([
    {
      operation: 'guest',
      method: 'POST',
      url: 'https://api.example/api/v2/guests',
      status: 201,
      durationMs: 12,
      resends: 0,
      correlationId: 'c0ffee',
    },
  ]);
  expect(heard).toEqual(told);
  expect(JSON.stringify(told)).not.toContain('hunter2');
});

test('a failure is told by its name and thrown as it was', async () => {
  const clock = manualClock();
  const told = subscribe();
  const failures: [unknown, string][] = [
    [new ExchangeError('ECONNRESET', { sent: 'maybe' }), 'ECONNRESET'],
    [new GuestpassError('rate_limited', 'No turn.'), 'rate_limited'],
    [new Error('hunter2'), 'error'],
  ];
  for (const [error, name] of failures) {
    const exchange = withObserver(() => Promise.reject(error), { operation: 'token', clock });
    await expect(exchange({ ...request, url: 'not a url' })).rejects.toBe(error);
    expect(told.pop()).toEqual({
      operation: 'token',
      method: 'POST',
      url: '',
      failure: name,
      durationMs: 0,
      resends: 0,
    });
  }
});

test('a listener that throws or rejects changes nothing', async () => {
  const clock = manualClock();
  const throwing = () => {
    throw new Error('listener');
  };
  const rejecting = async () => {
    throw new Error('listener');
  };
  for (const listener of [throwing, rejecting]) {
    const exchange = withObserver(async () => created, { operation: 'guest', clock, listener });
    expect(await exchange(request)).toBe(created);
  }
});

test('while nobody listens the call goes straight through', () => {
  const clock = manualClock();
  const answer = Promise.resolve(created);
  expect(withObserver(() => answer, { operation: 'guest', clock })(request)).toBe(answer);
});

test('who subscribes later is told of later requests', async () => {
  const exchange = withObserver(async () => created, { operation: 'guest', clock: manualClock() });
  await exchange(request);
  const told = subscribe();
  await exchange(request);
  expect(told).toHaveLength(1);
});
