import { ExchangeError, type HttpResponse, withObserver } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { countPlatformCalls, retryReasons } from './platform-calls.ts';

const call = async (url: string, answer: () => Promise<HttpResponse>) => {
  const exchange = withObserver(answer, { operation: 'guest', clock: manualClock() });
  await exchange({ method: 'POST', url, headers: {} }).catch(() => {});
};

const answered = (status: number) => async () => ({ status, headers: {}, body: new Uint8Array() });

/** Counts calls of one test, at 4 a minute. */
function counting() {
  const counted: unknown[] = [];
  const shares: number[] = [];
  const refreshes: (() => Promise<void>)[] = [];
  const clock = manualClock();
  const calls = countPlatformCalls({
    urls: ['https://login.example', 'https://api.example'],
    perMinute: 4,
    metrics: {
      platformCalled: (one) => void counted.push(one),
      rateBudgetUsed: (share) => void shares.push(share),
      beforeScrape: (refresh) => void refreshes.push(refresh),
    },
    clock,
  });
  return { ...calls, counted, shares, clock, scrape: () => Promise.all(refreshes.map((refresh) => refresh())) };
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

test('each repeat has a reason', () => {
  expect(retryReasons({ retries: 0, statusCodes: [201] })).toEqual([]);
  expect(retryReasons({ retries: 2, statusCodes: [429, 503, 201] })).toEqual(['http_429', 'http_503']);
  expect(retryReasons({ retries: 3, statusCodes: [503] })).toEqual(['http_503', 'no_answer', 'no_answer']);
});
