import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import {
  type Exchange,
  ExchangeError,
  type ExchangeErrorDetails,
  type HttpRequest,
  type HttpResponse,
} from './exchange.ts';
import { type RetryOptions, repeatable, withRetry } from './retry.ts';
import { createRetryBudget } from './retry-budget.ts';
import type { Result } from './tries.ts';

const startedAt = Date.parse('2024-01-15T10:30:00Z');
const request: HttpRequest = { method: 'POST', url: 'https://api.example/guests', headers: {}, body: '{}' };

const answer = (status: number, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: new Uint8Array(),
});
const failure = (name: string, details: ExchangeErrorDetails = { sent: 'no' }) => new ExchangeError(name, details);

/** Plays results in order, the last one for ever, each taking `tookMs`, and notes when it was called. */
function setUp(results: readonly Result[], options: Partial<RetryOptions> = {}, tookMs = 0) {
  const clock = manualClock(startedAt);
  const calledAt: number[] = [];
  const end: Exchange = async () => {
    calledAt.push(clock.monotonic());
    if (tookMs > 0) await new Promise<void>((resolve) => void clock.after(tookMs, resolve));
    const result = results[Math.min(calledAt.length, results.length) - 1];
    if (!result || result instanceof ExchangeError) throw result;
    return result;
  };
  const exchange = withRetry(end, { clock, random: () => 0.5, idempotent: false, ...options });
  const send = (more: Partial<HttpRequest> = {}) => clock.settle(exchange({ ...request, ...more }));
  return { clock, calledAt, exchange, send };
}

test('an answer at the first try is handed on untouched', async () => {
  const created = answer(201);
  const { send, calledAt, clock } = setUp([created]);
  expect(await send()).toBe(created);
  expect(calledAt).toEqual([0]);
  expect(clock.pending).toBe(0);
});

test('429 and 503 are repeated with growing backoff, and every try is told', async () => {
  const { send, calledAt } = setUp([answer(429), answer(503), answer(201)], {}, 10);
  const { status, tries } = await send();
  expect(status).toBe(201);
  expect(calledAt).toEqual([0, 260, 770]);
  expect(tries).toEqual([
    { status: 429, durationMs: 10, waitedMs: 250 },
    { status: 503, durationMs: 10, waitedMs: 500 },
    { status: 201, durationMs: 10 },
  ]);
});

test('when the retries are spent the last answer is returned', async () => {
  const { send, calledAt } = setUp([answer(503)]);
  const { status, tries } = await send();
  expect(status).toBe(503);
  expect(calledAt).toEqual([0, 250, 750, 1750]);
  expect(tries?.map((each) => each.status)).toEqual([503, 503, 503, 503]);
});

test('no retries means one try', async () => {
  const { send, calledAt } = setUp([answer(503)], { retries: 0 });
  expect((await send()).status).toBe(503);
  expect(calledAt).toEqual([0]);
});

test('the backoff is capped, and jitter reaches down to nothing', async () => {
  const long = setUp([answer(503)], { retries: 6, random: () => 0.999_999 });
  await long.send();
  expect(long.calledAt.at(-1)).toBeCloseTo(500 + 1000 + 2000 + 4000 + 5000 + 5000, 0);
  const none = setUp([answer(503), answer(201)], { random: () => 0 });
  await none.send();
  expect(none.calledAt).toEqual([0, 0]);
});

test('what each result allows depends on the operation, not on the method', () => {
  const safe = { idempotent: true };
  const unsafe = { idempotent: false };
  const table: [Result, string, string][] = [
    [answer(200), 'never', 'never'],
    [answer(201), 'never', 'never'],
    [answer(302), 'never', 'never'],
    [answer(400), 'never', 'never'],
    [answer(401), 'never', 'never'],
    [answer(403), 'never', 'never'],
    [answer(404), 'never', 'never'],
    [answer(408), 'always', 'always'],
    [answer(425), 'always', 'always'],
    [answer(429), 'always', 'always'],
    [answer(500), 'never', 'never'],
    [answer(501), 'never', 'never'],
    [answer(502), 'never', 'always'],
    [answer(503), 'always', 'always'],
    [answer(504), 'never', 'always'],
    [failure('ECONNREFUSED'), 'always', 'always'],
    [failure('CERT_HAS_EXPIRED', { sent: 'no', permanent: true }), 'never', 'never'],
    [failure('deadline'), 'never', 'never'],
    [failure('aborted'), 'never', 'never'],
    [failure('ECONNRESET', { sent: 'maybe' }), 'never', 'once'],
  ];
  for (const [result, forUnsafe, forSafe] of table) {
    expect(repeatable(result, unsafe)).toBe(forUnsafe);
    expect(repeatable(result, safe)).toBe(forSafe);
  }
});

test('a broken exchange is repeated once at most, and only when that is harmless', async () => {
  const broken = failure('ECONNRESET', { sent: 'maybe' });
  const unsafe = setUp([broken]);
  await expect(unsafe.send()).rejects.toMatchObject({ failure: 'ECONNRESET', sent: 'maybe' });
  expect(unsafe.calledAt).toHaveLength(1);
  const safe = setUp([broken], { idempotent: true });
  await expect(safe.send()).rejects.toMatchObject({ failure: 'ECONNRESET', sent: 'maybe' });
  expect(safe.calledAt).toHaveLength(2);
});

test('a thrown error keeps what it knew and tells every try', async () => {
  const cause = new Error('connect ECONNREFUSED');
  const { send } = setUp([answer(429), failure('CERT_HAS_EXPIRED', { sent: 'no', permanent: true, cause })]);
  const error = await send().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ExchangeError);
  expect(error).toMatchObject({ failure: 'CERT_HAS_EXPIRED', sent: 'no', permanent: true, cause });
  expect(error).toHaveProperty('tries', [
    { status: 429, durationMs: 0, waitedMs: 250 },
    { failure: 'CERT_HAS_EXPIRED', durationMs: 0 },
  ]);
});

test('once an earlier try may have been carried out, a later failure cannot say it was not sent', async () => {
  const { send } = setUp([failure('ECONNRESET', { sent: 'maybe' }), failure('ECONNREFUSED')], { idempotent: true });
  await expect(send()).rejects.toMatchObject({ failure: 'ECONNREFUSED', sent: 'maybe' });
});

test('an answer that turns the repeat away does not say that the earlier try did nothing', async () => {
  const broken = failure('ECONNRESET', { sent: 'maybe' });
  const away = setUp([broken, answer(429)], { idempotent: true, retries: 1 });
  expect(await away.send()).toMatchObject({ status: 429, sent: 'maybe' });
  const gaveUp = setUp([answer(502), answer(400)], { idempotent: true });
  expect(await gaveUp.send()).toMatchObject({ status: 400, sent: 'maybe' });
  const surely = setUp([answer(503), answer(429)], { idempotent: true, retries: 1 });
  expect(await surely.send()).not.toHaveProperty('sent');
});

test('an operation may name answers of its own that are worth repeating', async () => {
  const transient = ({ status }: HttpResponse) => status === 400;
  const { send, calledAt } = setUp([answer(400, { 'retry-after': '3' }), answer(200)], { transient });
  expect((await send()).status).toBe(200);
  expect(calledAt).toEqual([0, 3000]);
});

test('Retry-After is a floor: neither jitter nor the cap of our own backoff shortens it', async () => {
  const { send, calledAt } = setUp([answer(429, { 'retry-after': '7' }), answer(201)], { random: () => 0 });
  await send();
  expect(calledAt).toEqual([0, 7000]);
});

test('Retry-After of 0 or in the past never goes below our own backoff', async () => {
  const past = { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' };
  const { send, calledAt } = setUp([answer(429, { 'retry-after': '0' }), answer(503, past), answer(201)]);
  await send();
  expect(calledAt).toEqual([0, 250, 750]);
});

test("a date in Retry-After is measured against the answer's own Date", async () => {
  const headers = { 'retry-after': 'Tue, 16 Jan 2024 00:00:20 GMT', date: 'Tue, 16 Jan 2024 00:00:00 GMT' };
  const { send, calledAt } = setUp([answer(503, headers), answer(201)]);
  await send();
  expect(calledAt).toEqual([0, 20_000]);
});

test('Retry-After means nothing on 502 and on answers that are not repeated', async () => {
  const { send, calledAt } = setUp([answer(502, { 'retry-after': '60' }), answer(200, { 'retry-after': '60' })], {
    idempotent: true,
  });
  expect((await send()).status).toBe(200);
  expect(calledAt).toEqual([0, 250]);
});

test('a wait that does not fit before the deadline is not begun', async () => {
  const limited = answer(429, { 'retry-after': '10' });
  const tooLong = setUp([limited, answer(201)]);
  expect((await tooLong.send({ deadlineAt: 10_199 })).status).toBe(429);
  expect(tooLong.clock.monotonic()).toBe(0);
  const fits = setUp([limited, answer(201)]);
  expect((await fits.send({ deadlineAt: 10_200 })).status).toBe(201);
});

test('without a deadline nobody waits longer than three minutes', async () => {
  const fits = setUp([answer(429, { 'retry-after': '180' }), answer(201)]);
  expect((await fits.send()).status).toBe(201);
  for (const hostile of ['181', '86400', '2592000', '315360000', '9'.repeat(400)]) {
    const { send, clock, calledAt } = setUp([answer(429, { 'retry-after': hostile })]);
    expect((await send()).status).toBe(429);
    expect([clock.monotonic(), calledAt.length, clock.pending]).toEqual([0, 1, 0]);
  }
});

test('a wait longer than any timer is refused even when the deadline would allow it', async () => {
  const { send, calledAt } = setUp([answer(429, { 'retry-after': '2592000' })]);
  expect((await send({ deadlineAt: 1e12 })).status).toBe(429);
  expect(calledAt).toHaveLength(1);
});

test('an abort ends the wait at once and says that nothing was sent', async () => {
  const { exchange, clock, calledAt } = setUp([answer(429, { 'retry-after': '30' })]);
  const controller = new AbortController();
  const pending = exchange({ ...request, signal: controller.signal });
  const outcome = pending.catch((error: unknown) => error);
  await clock.advance(1000);
  controller.abort();
  expect(await outcome).toMatchObject({ failure: 'aborted', sent: 'no', tries: [{ status: 429, waitedMs: 30_000 }] });
  expect([clock.pending, calledAt.length]).toEqual([0, 1]);
});

test('an abort after an answer that leaves the outcome open says so', async () => {
  const { exchange, clock } = setUp([answer(504)], { idempotent: true });
  const controller = new AbortController();
  const outcome = exchange({ ...request, signal: controller.signal }).catch((error: unknown) => error);
  await clock.advance(1);
  controller.abort();
  expect(await outcome).toMatchObject({ failure: 'aborted', sent: 'maybe' });
});

test('when our own pace refuses the repeat, the result before it stands', async () => {
  const clock = manualClock();
  let calls = 0;
  const end: Exchange = async () => {
    calls += 1;
    if (calls > 1) throw new GuestpassError('rate_limited', 'No turn.');
    return answer(429);
  };
  const exchange = withRetry(end, { clock, random: () => 0.5, idempotent: false });
  expect(await clock.settle(exchange(request))).toMatchObject({ status: 429, tries: [{ status: 429 }] });
});

test('an error that is not about the exchange is never repeated', async () => {
  const clock = manualClock();
  const refused = new GuestpassError('rate_limited', 'No turn.');
  const exchange = withRetry(() => Promise.reject(refused), { clock, random: () => 0, idempotent: true });
  await expect(exchange(request)).rejects.toBe(refused);
});

test('who listens for retries is told before each wait and cannot break anything', async () => {
  const told: unknown[] = [];
  const onRetry = (retry: unknown) => {
    told.push(retry);
    throw new Error('listener');
  };
  const { send } = setUp([failure('ECONNREFUSED'), answer(201)], { onRetry });
  expect((await send()).status).toBe(201);
  expect(told).toEqual([{ repeat: 1, waitMs: 250, ended: { failure: 'ECONNREFUSED', durationMs: 0 } }]);
});

test('a budget bounds the repeats of all calls that share it', async () => {
  const { send, calledAt } = setUp([answer(503)], { budget: createRetryBudget() });
  for (let call = 0; call < 60; call += 1) await send();
  expect(calledAt).toHaveLength(66);
});

test('successes fill the budget again', async () => {
  const results = [...Array.from({ length: 8 }, () => answer(503)), ...Array.from({ length: 10 }, () => answer(201))];
  const { send } = setUp([...results, answer(503)], { budget: createRetryBudget() });
  const tries: number[] = [];
  for (let call = 0; call < 14; call += 1) tries.push((await send()).tries?.length ?? 1);
  expect(tries).toEqual([4, 4, ...Array.from({ length: 10 }, () => 1), 2, 1]);
});

test('a repeat that does not fit the deadline costs nothing', async () => {
  const budget = createRetryBudget();
  const { send } = setUp([answer(503)], { budget });
  for (let call = 0; call < 20; call += 1) await send({ deadlineAt: 0 });
  expect((await send()).tries).toHaveLength(4);
});

const anyResult: fc.Arbitrary<Result> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(201, 400, 408, 425, 429, 500, 502, 503, 504),
      fc.option(fc.nat({ max: 400 }), { nil: undefined }),
    )
    .map(([status, seconds]) => answer(status, seconds === undefined ? {} : { 'retry-after': `${seconds}` })),
  fc.constantFrom<'no' | 'maybe'>('no', 'maybe').map((sent) => failure('ECONNRESET', { sent })),
);

test('no script of answers makes it repeat early, past the deadline, or too often', async () => {
  const scripts = fc.record({
    results: fc.array(anyResult, { minLength: 1, maxLength: 8 }),
    idempotent: fc.boolean(),
    retries: fc.nat({ max: 5 }),
    jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
    tookMs: fc.nat({ max: 2000 }),
    deadlineAt: fc.option(fc.nat({ max: 600_000 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(scripts, async ({ results, idempotent, retries, jitter, tookMs, deadlineAt }) => {
      const { send, calledAt, clock } = setUp(results, { idempotent, retries, random: () => jitter }, tookMs);
      await send(deadlineAt === undefined ? {} : { deadlineAt }).catch(() => {});
      expect(calledAt.length).toBeLessThanOrEqual(retries + 1);
      expect(clock.pending).toBe(0);
      const latest = deadlineAt === undefined ? Number.POSITIVE_INFINITY : deadlineAt - 200;
      for (const [n, at] of calledAt.entries()) {
        if (n === 0) continue;
        expect(at).toBeLessThanOrEqual(latest + 1e-6);
        const before = results[Math.min(n, results.length) - 1];
        const waited = at - (calledAt[n - 1] ?? 0) - tookMs;
        const asked = before instanceof ExchangeError ? undefined : before?.headers['retry-after'];
        const floors = before instanceof ExchangeError ? false : before?.status !== 502 && before?.status !== 504;
        if (asked !== undefined && floors) expect(waited).toBeGreaterThanOrEqual(Number(asked) * 1000 - 1e-6);
        if (deadlineAt === undefined) expect(waited).toBeLessThanOrEqual(180_000 + 1e-6);
      }
    }),
    { numRuns: 150 },
  );
});
