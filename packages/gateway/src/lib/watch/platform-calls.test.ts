import { ExchangeError, type HttpRequest, type HttpResponse, withObserver } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { countPlatformCalls } from './platform-calls.ts';

const call = async (url: string, answer: () => Promise<HttpResponse>, repeat: Partial<HttpRequest> = {}) => {
  const exchange = withObserver(answer, { operation: 'guest', clock: manualClock() });
  await exchange({ method: 'POST', url, headers: {}, ...repeat }).catch(() => {});
};

const answered = (status: number) => async () => ({ status, headers: {}, body: new Uint8Array() });

/** Counts calls of one test, at 4 a minute. */
function counting(...further: readonly string[]) {
  const counted: unknown[] = [];
  const repeated: unknown[] = [];
  const shares: number[] = [];
  const refreshes: (() => Promise<void>)[] = [];
  const clock = manualClock();
  const calls = countPlatformCalls({
    urls: ['https://login.example', 'https://api.example', ...further],
    perMinute: 4,
    metrics: {
      platformCalled: (one) => void counted.push(one),
      platformRetried: (one) => void repeated.push(one),
      rateBudgetUsed: (share) => void shares.push(share),
      beforeScrape: (refresh) => void refreshes.push(refresh),
    },
    clock,
  });
  return {
    ...calls,
    counted,
    repeated,
    shares,
    clock,
    scrape: () => Promise.all(refreshes.map((refresh) => refresh())),
  };
}

test('calls to the own platform are counted by status, and nobody else is', async () => {
  const calls = counting();
  await call('https://api.example/guests', answered(429));
  await call('https://api.example/guests', () => Promise.reject(new ExchangeError('ECONNRESET', { sent: 'maybe' })));
  await call('https://api.example.evil/guests', answered(200));
  calls[Symbol.dispose]();
  await call('https://api.example/guests', answered(201));
  expect(calls.counted).toEqual([
    { operation: 'guest', status: 429 },
    { operation: 'guest', status: null },
  ]);
});

test('of the calls a minute allows, those of the last one are used', async () => {
  using calls = counting();
  await call('https://api.example/guests', answered(201));
  await calls.clock.advance(30_000);
  await call('https://api.example/guests', answered(201));
  await calls.scrape();
  await calls.clock.advance(30_000);
  await calls.scrape();
  await calls.clock.advance(90_000);
  await call('https://api.example/guests', answered(201));
  await calls.scrape();
  expect(calls.shares).toEqual([0.5, 0.25, 0.25]);
});

test('sessions of web messaging are counted by their one address, and by the code that refused them', async () => {
  using calls = counting('wss://messaging.example/v1');
  await call('wss://messaging.example/v1?deploymentId=demo', answered(403));
  const refused = new ExchangeError('code_4000', { sent: 'maybe' });
  await call('wss://messaging.example/v1?deploymentId=demo', () => Promise.reject(refused));
  await call('wss://messaging.example/v12', answered(200));
  expect(calls.counted).toEqual([
    { operation: 'guest', status: 403 },
    { operation: 'guest', status: 4000 },
  ]);
});

test('each repeat has a reason', async () => {
  using calls = counting();
  const url = 'https://api.example/guests';
  await call(url, answered(429));
  await call(url, answered(429), { resends: 1, previous: { status: 429, durationMs: 3 } });
  await call(url, answered(201), { resends: 2, previous: { failure: 'ECONNREFUSED', durationMs: 3 } });
  expect(calls.repeated).toEqual([
    { operation: 'guest', reason: 'http_429' },
    { operation: 'guest', reason: 'ECONNREFUSED' },
  ]);
});
