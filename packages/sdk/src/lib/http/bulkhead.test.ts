import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { withBreaker } from './breaker.ts';
import { createBreaker } from './breaker-state.ts';
import { type BulkheadOptions, createBulkhead, withBulkhead, withoutOverflow } from './bulkhead.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';
import { withRetry } from './retry.ts';

const request: HttpRequest = { method: 'POST', url: 'https://api.example/guests', headers: {} };
const created: HttpResponse = { status: 201, headers: {}, body: new Uint8Array() };
const refused = { name: 'GuestpassError', code: 'overloaded', retryable: true };

/** An upstream that answers nobody until it is told. */
function setUp(options: Partial<BulkheadOptions> = {}) {
  const clock = manualClock();
  const bulkhead = createBulkhead({ places: 2, queue: 2, clock, ...options });
  const calls: (PromiseWithResolvers<HttpResponse> & { readonly name: string })[] = [];
  const upstream: Exchange = (one) => {
    const call = Promise.withResolvers<HttpResponse>();
    calls.push({ ...call, name: one.url });
    return call.promise;
  };
  const exchange = withBulkhead(upstream, bulkhead);
  const ask = (name: string, more: Partial<HttpRequest> = {}) => exchange({ ...request, url: name, ...more });
  const asked = () => calls.map(({ name }) => name);
  const counts = () => [bulkhead.inUse, bulkhead.waiting];
  return { clock, bulkhead, calls, exchange, ask, asked, counts };
}

test('so many requests are under way and the others wait, first come first served', async () => {
  const { ask, asked, calls, clock, counts } = setUp();
  const answers = ['a', 'b', 'c', 'd'].map((name) => ask(name));
  expect([asked(), counts()]).toEqual([
    ['a', 'b'],
    [2, 2],
  ]);
  calls[1]?.resolve(created);
  await answers[1];
  await clock.advance(0);
  expect([asked(), counts()]).toEqual([
    ['a', 'b', 'c'],
    [2, 1],
  ]);
  calls[0]?.reject(new ExchangeError('ECONNRESET', { sent: 'maybe' }));
  await expect(answers[0]).rejects.toThrow('ECONNRESET');
  await clock.advance(0);
  expect(asked()).toEqual(['a', 'b', 'c', 'd']);
  for (const call of calls) call.resolve(created);
  await Promise.allSettled(answers);
  await clock.advance(0);
  expect([counts(), clock.pending]).toEqual([[0, 0], 0]);
});

test('one more than may wait is refused in the same turn, and nothing of it is left', async () => {
  const { ask, asked, bulkhead, clock, counts } = setUp();
  for (const name of ['a', 'b', 'c', 'd']) ask(name).catch(() => {});
  const timers = clock.pending;
  expect(bulkhead.isFull).toBe(true);
  await expect(ask('e')).rejects.toMatchObject({
    ...refused,
    detail: '2 requests are under way, and 2 wait. Nothing was sent.',
  });
  expect([asked(), counts(), clock.pending]).toEqual([['a', 'b'], [2, 2], timers]);
});

test('who waits too long is refused, and leaves its place in the line to the next', async () => {
  const { ask, asked, calls, clock, counts } = setUp({ queueMs: 1_000 });
  const first = [ask('a'), ask('b')];
  const late = ask('c');
  const verdict = expect(late).rejects.toMatchObject(refused);
  await clock.advance(600);
  const next = ask('d');
  await clock.advance(400);
  await verdict;
  expect(counts()).toEqual([2, 1]);
  for (const call of calls) call.resolve(created);
  await Promise.all(first);
  await clock.advance(0);
  calls[2]?.resolve(created);
  expect((await next).status).toBe(201);
  expect([asked(), clock.pending]).toEqual([['a', 'b', 'd'], 0]);
});

test('nobody waits where no time would be left to send', async () => {
  const { ask, asked, clock } = setUp();
  for (const name of ['a', 'b']) ask(name).catch(() => {});
  await expect(ask('c', { deadlineAt: 200 })).rejects.toMatchObject(refused);
  const short = expect(ask('d', { deadlineAt: 700 })).rejects.toMatchObject(refused);
  await clock.advance(499);
  expect(clock.pending).toBe(1);
  await clock.advance(1);
  await short;
  expect([asked(), clock.pending]).toEqual([['a', 'b'], 0]);
});

test('who gives up leaves the line at once', async () => {
  const { ask, clock, counts } = setUp();
  for (const name of ['a', 'b']) ask(name).catch(() => {});
  const stop = new AbortController();
  const waiting = ask('c', { signal: stop.signal });
  stop.abort(new Error('gone'));
  await expect(waiting).rejects.toMatchObject({ name: 'ExchangeError', failure: 'aborted', sent: 'no' });
  await expect(ask('d', { signal: stop.signal })).rejects.toMatchObject({ failure: 'aborted', sent: 'no' });
  expect([counts(), clock.pending]).toEqual([[2, 0], 0]);
});

test('an exchange that throws instead of rejecting keeps no place', () => {
  const { bulkhead } = setUp();
  const broken = withBulkhead(() => {
    throw new Error('no network');
  }, bulkhead);
  expect(() => broken(request)).toThrow('no network');
  expect(bulkhead.inUse).toBe(0);
});

test('nobody begins to wait for a turn when the line is full', async () => {
  const { ask, bulkhead, exchange } = setUp();
  let turns = 0;
  const patient = withoutOverflow((one) => {
    turns += 1;
    return exchange(one);
  }, bulkhead);
  for (const name of ['a', 'b', 'c']) ask(name).catch(() => {});
  patient(request).catch(() => {});
  await expect(patient(request)).rejects.toMatchObject(refused);
  expect(turns).toBe(1);
});

test('a place is held by each try alone, and a repeat that finds none leaves the answer before it as it was', async () => {
  const { ask, calls, clock, counts, exchange } = setUp({ queue: 0 });
  const retried = withRetry(exchange, { clock, random: () => 0.5, idempotent: false });
  const answer = retried({ ...request, url: 'first' });
  calls[0]?.resolve({ ...created, status: 503 });
  await clock.advance(0);
  expect(counts()).toEqual([0, 0]);
  for (const name of ['a', 'b']) ask(name).catch(() => {});
  expect((await clock.settle(answer)).status).toBe(503);
  expect(calls).toHaveLength(3);
});

test('what is refused here says nothing of the upstream', async () => {
  const clock = manualClock();
  const bulkhead = createBulkhead({ places: 1, queue: 0, clock });
  const breaker = createBreaker();
  const exchange = withBulkhead(
    withBreaker(() => new Promise(() => {}), { breaker, clock }),
    bulkhead,
  );
  const asked = Array.from({ length: 51 }, () => exchange(request));
  await Promise.allSettled(asked.slice(1));
  expect([breaker.state, bulkhead.inUse]).toEqual(['closed', 1]);
});

test('bounds that let nothing through are refused', () => {
  const usable = { places: 1, queue: 0, queueMs: 0 };
  expect(createBulkhead(usable).isFull).toBe(false);
  for (const bad of [{ places: 0 }, { places: Number.NaN }, { queue: -1 }, { queueMs: Number.NaN }]) {
    expect(() => createBulkhead({ ...usable, ...bad })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  }
});
