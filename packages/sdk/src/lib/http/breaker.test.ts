import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { withBreaker, withoutWait } from './breaker.ts';
import { createBreaker } from './breaker-state.ts';
import { ExchangeError, type ExchangeErrorDetails, type HttpRequest } from './exchange.ts';
import type { Result } from './tries.ts';

const request: HttpRequest = { method: 'POST', url: 'https://api.example/guests', headers: {} };
const answer = (status: number) => ({ status, headers: {}, body: new Uint8Array() });
const failure = (name: string, details: ExchangeErrorDetails) => new ExchangeError(name, details);

/** An upstream that ends each call like that, after `tookMs`. */
function setUp(result: Result | GuestpassError, tookMs = 0) {
  const clock = manualClock();
  const breaker = createBreaker();
  const upstream = { result, calls: 0 };
  const exchange = withBreaker(
    async () => {
      upstream.calls += 1;
      if (tookMs > 0) await new Promise<void>((resolve) => void clock.after(tookMs, resolve));
      if (upstream.result instanceof Error) throw upstream.result;
      return upstream.result;
    },
    { breaker, clock },
  );
  const send = () => clock.settle(exchange(request));
  const sendMany = async (count: number) => {
    await clock.settle(Promise.allSettled(Array.from({ length: count }, () => exchange(request))));
  };
  return { breaker, clock, exchange, send, sendMany, upstream };
}

test('an upstream that answers 503 is left alone after 20 calls, and asked again when the time is up', async () => {
  const { send, sendMany, clock, upstream } = setUp(answer(503));
  await sendMany(20);
  await expect(send()).rejects.toMatchObject({
    name: 'GuestpassError',
    code: 'platform_unavailable',
    retryable: true,
    retryAfterMs: 5_000,
  });
  await clock.advance(4_000);
  await expect(send()).rejects.toMatchObject({ retryAfterMs: 1_000 });
  expect(upstream.calls).toBe(20);
  await clock.advance(1_000);
  upstream.result = answer(201);
  expect([(await send()).status, (await send()).status, upstream.calls]).toEqual([201, 201, 22]);
});

test('a closed breaker hands over answers and errors as they are', async () => {
  const given = answer(404);
  expect(await setUp(given).send()).toBe(given);
  const broken = failure('ECONNRESET', { sent: 'maybe' });
  await expect(setUp(broken).send()).rejects.toBe(broken);
});

test('what ends a call decides whether it counts', async () => {
  const opensWith = async (result: Result | GuestpassError, tookMs = 0) => {
    const { sendMany, breaker } = setUp(result, tookMs);
    await sendMany(20);
    return breaker.state === 'open';
  };
  for (const status of [500, 502, 503, 504]) expect(await opensWith(answer(status)), `${status}`).toBe(true);
  for (const status of [201, 302, 400, 401, 403, 404, 408, 422, 429]) {
    expect(await opensWith(answer(status)), `${status}`).toBe(false);
  }
  expect(await opensWith(failure('ECONNRESET', { sent: 'maybe' }))).toBe(true);
  expect(await opensWith(failure('ECONNREFUSED', { sent: 'no' }))).toBe(true);
  expect(await opensWith(failure('ECONNRESET', { sent: 'maybe', status: 503 }))).toBe(true);
  expect(await opensWith(failure('body_too_large', { sent: 'maybe', status: 404 }))).toBe(false);
  expect(await opensWith(failure('CERT_HAS_EXPIRED', { sent: 'no', permanent: true }))).toBe(false);
  expect(await opensWith(failure('aborted', { sent: 'maybe' }), 2_000)).toBe(false);
  expect(await opensWith(failure('deadline', { sent: 'maybe' }), 999)).toBe(false);
  expect(await opensWith(failure('deadline', { sent: 'no' }), 1_000)).toBe(true);
  expect(await opensWith(new GuestpassError('rate_limited', 'No turn.'))).toBe(false);
});

test('five refused connections are enough', async () => {
  const { sendMany, upstream } = setUp(failure('ECONNREFUSED', { sent: 'no' }));
  for (let call = 0; call < 50; call += 1) await sendMany(1);
  expect(upstream.calls).toBe(5);
});

test('nobody begins to wait for what would be refused at the end', async () => {
  const { breaker, clock, exchange, sendMany } = setUp(failure('ECONNREFUSED', { sent: 'no' }));
  let waits = 0;
  const patient = withoutWait(
    (one) => {
      waits += 1;
      return exchange(one);
    },
    { breaker, clock },
  );
  await sendMany(5);
  await expect(patient(request)).rejects.toMatchObject({ code: 'platform_unavailable', retryAfterMs: 5_000 });
  expect(waits).toBe(0);
  await clock.advance(5_000);
  await expect(patient(request)).rejects.toMatchObject({ failure: 'ECONNREFUSED' });
  expect([waits, breaker.state]).toEqual([1, 'open']);
});
