import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { withDeadline } from './deadline.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse, type Sent } from './exchange.ts';

const request: HttpRequest = { method: 'POST', url: 'https://api.example/guests', headers: {} };
const created: HttpResponse = { status: 201, headers: {}, body: new Uint8Array() };

/** Answers after a while, or fails as soon as its signal aborts, saying what it had sent by then. */
function listening(clock: ReturnType<typeof manualClock>, answerAfterMs: number, sent: Sent): Exchange {
  return ({ signal }) =>
    new Promise((resolve, reject) => {
      const cancel = clock.after(answerAfterMs, () => resolve(created));
      signal?.addEventListener('abort', () => {
        cancel();
        reject(new ExchangeError('aborted', { sent, status: 200, tries: [{ status: 503, durationMs: 1 }] }));
      });
    });
}

const deaf: Exchange = () => new Promise(() => {});

test('an answer in time passes and leaves neither timer nor listener', async () => {
  const clock = manualClock();
  const { signal } = new AbortController();
  const exchange = withDeadline(listening(clock, 50, 'maybe'), { clock });
  expect(await clock.settle(exchange({ ...request, signal, deadlineAt: 1000 }))).toBe(created);
  expect(clock.monotonic()).toBe(50);
  expect(clock.pending).toBe(0);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a failure in time passes as it is', async () => {
  const clock = manualClock();
  const refused = new ExchangeError('ECONNREFUSED', { sent: 'no' });
  const exchange = withDeadline(() => Promise.reject(refused), { clock });
  await expect(exchange({ ...request, deadlineAt: 1000 })).rejects.toBe(refused);
  expect(clock.pending).toBe(0);
});

test('at the deadline the exchange is ended and says what it had sent', async () => {
  const clock = manualClock();
  const exchange = withDeadline(listening(clock, 5000, 'no'), { clock });
  const outcome = exchange({ ...request, deadlineAt: 1000 });
  await expect(clock.settle(outcome)).rejects.toMatchObject({
    failure: 'deadline',
    sent: 'no',
    status: 200,
    tries: [{ status: 503, durationMs: 1 }],
    cause: { failure: 'aborted' },
  });
  expect([clock.monotonic(), clock.pending]).toEqual([1000, 0]);
});

test('an exchange that does not listen is left behind, its outcome open', async () => {
  const clock = manualClock();
  const { signal } = new AbortController();
  const outcome = withDeadline(deaf, { clock })({ ...request, signal, deadlineAt: 1000 });
  await expect(clock.settle(outcome)).rejects.toMatchObject({ failure: 'deadline', sent: 'maybe' });
  expect([clock.monotonic(), clock.pending]).toEqual([1000, 0]);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test("the caller's signal ends the exchange and says what it had sent", async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const exchange = withDeadline(listening(clock, 5000, 'no'), { clock });
  const outcome = exchange({ ...request, signal: controller.signal, deadlineAt: 1000 }).catch((error) => error);
  await clock.advance(10);
  controller.abort();
  expect(await clock.settle(outcome)).toMatchObject({ failure: 'aborted', sent: 'no' });
  expect(clock.pending).toBe(0);
});

test('a signal alone ends an exchange that does not listen', async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const outcome = withDeadline(deaf, { clock })({ ...request, signal: controller.signal });
  controller.abort();
  await expect(clock.settle(outcome)).rejects.toMatchObject({ failure: 'aborted', sent: 'maybe' });
  expect(clock.pending).toBe(0);
});

test('nothing starts after the deadline or with a signal that has aborted', async () => {
  const clock = manualClock();
  let calls = 0;
  const counted: Exchange = async () => {
    calls += 1;
    return created;
  };
  const exchange = withDeadline(counted, { clock });
  await expect(exchange({ ...request, deadlineAt: 0 })).rejects.toMatchObject({ failure: 'deadline', sent: 'no' });
  await expect(exchange({ ...request, deadlineAt: -5 })).rejects.toMatchObject({ failure: 'deadline', sent: 'no' });
  await expect(exchange({ ...request, signal: AbortSignal.abort(), deadlineAt: 9 })).rejects.toMatchObject({
    failure: 'aborted',
    sent: 'no',
  });
  expect([calls, clock.pending]).toEqual([0, 0]);
});

test('without deadline and signal the exchange is called directly', async () => {
  const clock = manualClock();
  const seen: HttpRequest[] = [];
  const exchange = withDeadline(
    async (asked) => {
      seen.push(asked);
      return created;
    },
    { clock },
  );
  expect(await exchange(request)).toBe(created);
  expect(seen[0]).toBe(request);
});

test('an answer that arrives in the turn of the deadline still counts', async () => {
  const clock = manualClock();
  const stubborn: Exchange = ({ signal }) =>
    new Promise((resolve) => signal?.addEventListener('abort', () => resolve(created)));
  expect(await clock.settle(withDeadline(stubborn, { clock })({ ...request, deadlineAt: 10 }))).toBe(created);
  expect(clock.pending).toBe(0);
});

test('an answer that arrives later is dropped without a trace', async () => {
  const clock = manualClock();
  const late: Exchange = () => new Promise((_, reject) => clock.after(500, () => reject(new Error('late'))));
  const outcome = withDeadline(late, { clock })({ ...request, deadlineAt: 10 });
  await expect(clock.settle(outcome)).rejects.toMatchObject({ failure: 'deadline', sent: 'maybe' });
  await clock.advance(1000);
  expect(clock.pending).toBe(0);
});

test('a failure of another kind at the deadline leaves the outcome open', async () => {
  const clock = manualClock();
  const odd: Exchange = ({ signal }) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('odd'))));
  const outcome = withDeadline(odd, { clock })({ ...request, deadlineAt: 10 });
  await expect(clock.settle(outcome)).rejects.toMatchObject({ failure: 'deadline', sent: 'maybe' });
});

test('a deadline beyond the longest timer does not end the request early', async () => {
  const clock = manualClock();
  const exchange = withDeadline(listening(clock, 5, 'maybe'), { clock });
  const outcome = exchange({ ...request, deadlineAt: 1e13 });
  expect(clock.pending).toBe(1);
  expect(await clock.settle(outcome)).toBe(created);
});

test('an exchange that keeps deadlines by the same clock is not wrapped; by another clock it is', () => {
  const clock = manualClock();
  const exchange: Exchange = Object.assign(async () => ({ status: 200, headers: {}, body: new Uint8Array() }), {
    deadlineClock: clock,
  });
  expect(withDeadline(exchange, { clock })).toBe(exchange);
  expect(withDeadline(exchange, { clock: manualClock() })).not.toBe(exchange);
});
