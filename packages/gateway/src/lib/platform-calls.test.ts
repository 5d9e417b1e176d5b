import { ExchangeError, type HttpResponse, withObserver } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { countPlatformCalls, retryReasons } from './platform-calls.ts';

const call = async (url: string, answer: () => Promise<HttpResponse>) => {
  const exchange = withObserver(answer, { operation: 'guest', clock: manualClock() });
  await exchange({ method: 'POST', url, headers: {} }).catch(() => {});
};

const answered = (status: number) => async () => ({ status, headers: {}, body: new Uint8Array() });

test('calls to the own platform are counted by status, and nobody else is', async () => {
  const counted: unknown[] = [];
  const metrics = { platformCalled: (one: object) => void counted.push(one) };
  {
    using _counting = countPlatformCalls(['https://login.example', 'https://api.example'], metrics);
    await call('https://api.example/guests', answered(429));
    await call('https://api.example/guests', () => Promise.reject(new ExchangeError('ECONNRESET', { sent: 'maybe' })));
    await call('https://api.example.evil/guests', answered(200));
  }
  await call('https://api.example/guests', answered(201));
  expect(counted).toEqual([
    { operation: 'guest', status: 429 },
    { operation: 'guest', status: null },
  ]);
});

test('each repeat has a reason', () => {
  expect(retryReasons({ retries: 0, statusCodes: [201] })).toEqual([]);
  expect(retryReasons({ retries: 2, statusCodes: [429, 503, 201] })).toEqual(['http_429', 'http_503']);
  expect(retryReasons({ retries: 3, statusCodes: [503] })).toEqual(['http_503', 'no_answer', 'no_answer']);
});
