import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import type { Exchange, HttpRequest, HttpResponse } from './exchange.ts';
import { type PaceOptions, withPace } from './pace.ts';

const request: HttpRequest = { method: 'POST', url: 'https://api.example/guests', headers: {} };

function setUp(options: Partial<PaceOptions> = {}, answer: Partial<HttpResponse> = {}) {
  const clock = manualClock();
  const calledAt: number[] = [];
  const end: Exchange = async () => {
    calledAt.push(clock.monotonic());
    return { status: 201, headers: {}, body: new Uint8Array(), ...answer };
  };
  const exchange = withPace(end, { clock, requestsPerMinute: 60, burst: 2, ...options });
  return { clock, calledAt, exchange, end };
}

test('requests beyond the burst wait their turn in order of arrival', async () => {
  const { clock, calledAt, exchange } = setUp();
  await clock.settle(Promise.all([1, 2, 3, 4].map(() => exchange(request))));
  expect(calledAt).toEqual([0, 0, 1000, 2000]);
  expect(clock.pending).toBe(0);
});

test('by default what ten seconds allow may go at once', async () => {
  const clock = manualClock();
  const calledAt: number[] = [];
  const end: Exchange = async () => {
    calledAt.push(clock.monotonic());
    return { status: 201, headers: {}, body: new Uint8Array() };
  };
  const exchange = withPace(end, { clock, requestsPerMinute: 300 });
  await clock.settle(Promise.all(Array.from({ length: 51 }, () => exchange(request))));
  expect(calledAt.filter((at) => at === 0)).toHaveLength(50);
  expect(calledAt.at(-1)).toBe(200);
});

test('without a limit the exchange stays what it was', () => {
  const { end, clock } = setUp();
  expect(withPace(end, { clock, requestsPerMinute: Number.POSITIVE_INFINITY })).toBe(end);
});

test('a rate or burst that lets nothing through is refused', () => {
  const { end, clock } = setUp();
  for (const requestsPerMinute of [0, -1, Number.NaN]) {
    expect(() => withPace(end, { clock, requestsPerMinute })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  }
  expect(() => withPace(end, { clock, requestsPerMinute: 60, burst: 0 })).toThrow(/burst/);
});

test('a wait that does not fit the deadline is refused at once and takes no turn', async () => {
  const { clock, calledAt, exchange } = setUp({ burst: 1 });
  await exchange(request);
  await expect(exchange({ ...request, deadlineAt: 1199 })).rejects.toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 1000,
    retryable: true,
  });
  expect(clock.monotonic()).toBe(0);
  await clock.settle(exchange({ ...request, deadlineAt: 1200 }));
  expect(calledAt).toEqual([0, 1000]);
});

test('a request that need not wait goes however close its deadline is', async () => {
  const { calledAt, exchange } = setUp();
  await exchange({ ...request, deadlineAt: 1 });
  expect(calledAt).toEqual([0]);
});

test('nobody is kept waiting longer than a minute', async () => {
  const { clock, exchange } = setUp({ burst: 1 });
  const sent = Array.from({ length: 61 }, () => exchange(request));
  await expect(exchange(request)).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 61_000 });
  await clock.settle(Promise.all(sent));
  expect(clock.monotonic()).toBe(60_000);
});

test('an abort ends the wait at once, and nothing was sent', async () => {
  const { clock, calledAt, exchange } = setUp({ burst: 1 });
  await exchange(request);
  const controller = new AbortController();
  const outcome = exchange({ ...request, signal: controller.signal }).catch((error: unknown) => error);
  await clock.advance(10);
  controller.abort();
  expect(await outcome).toMatchObject({ failure: 'aborted', sent: 'no' });
  expect([clock.pending, calledAt.length]).toEqual([0, 1]);
});

test('a 429 slows everybody down', async () => {
  const { clock, calledAt, exchange } = setUp({ burst: 10 }, { status: 429 });
  await exchange(request);
  await clock.settle(Promise.all([exchange(request), exchange(request)]));
  expect(calledAt).toEqual([0, 1000, 2000]);
});

test("the platform's headers set the pace", async () => {
  const headers = { 'inin-ratelimit-allowed': '120', 'inin-ratelimit-count': '119', 'inin-ratelimit-reset': '30' };
  const { clock, calledAt, exchange } = setUp({}, { headers });
  await exchange(request);
  await clock.settle(Promise.all([exchange(request), exchange(request)]));
  expect(calledAt).toEqual([0, 0, 30_000]);
});

test('a turn that is shared is waited for beside our own', async () => {
  const shared = [0, 3_000, 0];
  const turns = { take: async () => ({ waitMs: shared.shift() ?? 0, giveBack() {} }) };
  const { clock, calledAt, exchange } = setUp({ burst: 3, turns });
  await clock.settle(Promise.all([1, 2, 3].map(() => exchange(request))));
  expect(calledAt).toEqual([0, 0, 3_000]);
});

test('a shared turn that comes too late is given back, and takes none of our own', async () => {
  const givenBack: number[] = [];
  const late = { waitMs: 3_000, giveBack: () => void givenBack.push(1) };
  const turns = { take: async () => late };
  const { calledAt, exchange, clock } = setUp({ turns });
  await expect(exchange({ ...request, deadlineAt: 2_000 })).rejects.toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 3_000,
  });
  expect([calledAt, givenBack, clock.pending]).toEqual([[], [1], 0]);
});
