import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { withBearer } from './authorize.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';
import { withRetry } from './retry.ts';
import { withTrace } from './trace.ts';
import type { TraceTry, TryBegun, TryEnded } from './trace-context.ts';

const request: HttpRequest = {
  method: 'POST',
  url: 'https://user:hunter2@api.example/guests?code=hunter2#hunter2',
  headers: { authorization: 'Bearer hunter2', baggage: 'a=b' },
  body: '{"captcha":"hunter2"}',
};
const answer = (status: number): HttpResponse => ({
  status,
  headers: { 'inin-correlation-id': 'c0ffee' },
  body: Buffer.from('hunter2'),
});

/** Answers with these, one after another, and keeps what was sent. */
function scripted(...results: readonly (HttpResponse | Error)[]) {
  const sent: HttpRequest[] = [];
  const exchange: Exchange = async (asked) => {
    const result = results[sent.length];
    sent.push(asked);
    if (!result || result instanceof Error) throw result;
    return result;
  };
  return { exchange, sent };
}

function follower() {
  const told: (TryBegun | TryEnded)[] = [];
  const trace: TraceTry = (begun) => {
    told.push(begun);
    return { headers: { traceparent: `00-try-${told.length}` }, end: (ended) => void told.push(ended) };
  };
  return { told, trace };
}

test('a try carries what its follower gives it, who is told how it ended, and nothing secret', async () => {
  const { exchange, sent } = scripted(answer(201));
  const { told, trace } = follower();
  const response = await withTrace(exchange, { operation: 'guest' })({ ...request, trace });
  expect(response).toEqual(answer(201));
  expect(sent[0]?.headers).toEqual({ ...request.headers, traceparent: '00-try-1' });
  expect(told).toEqual([
    { operation: 'guest', method: 'POST', url: 'https://api.example/guests', resends: 0 },
    { status: 201, correlationId: 'c0ffee' },
  ]);
  expect(JSON.stringify(told)).not.toContain('hunter2');
});

test('a try that fails is told by the name of its failure, and the error is the same', async () => {
  const failure = new ExchangeError('ECONNRESET', { sent: 'maybe' });
  const { told, trace } = follower();
  const traced = withTrace(scripted(failure).exchange, { operation: 'guest', trace });
  await expect(traced(request)).rejects.toBe(failure);
  expect(told[1]).toEqual({ failure: 'ECONNRESET' });
});

test('without a follower the request goes out as it is', async () => {
  const { exchange, sent } = scripted(answer(200), answer(200));
  await withTrace(exchange, { operation: 'guest' })(request);
  expect(sent[0]).toBe(request);
  await withTrace(exchange, { operation: 'guest', trace: () => undefined })(request);
  expect(sent[1]).toBe(request);
});

test('a request’s own follower stands in for the usual one', async () => {
  const { exchange } = scripted(answer(200));
  const [own, usual] = [follower(), follower()];
  await withTrace(exchange, { operation: 'guest', trace: usual.trace })({ ...request, trace: own.trace });
  expect([own.told.length, usual.told.length]).toEqual([2, 0]);
});

test('a follower that throws changes nothing', async () => {
  const fail = () => {
    throw new Error('follower');
  };
  const { exchange, sent } = scripted(answer(200), answer(200));
  const traced = withTrace(exchange, { operation: 'guest' });
  expect(await traced({ ...request, trace: fail })).toEqual(answer(200));
  const headers = { traceparent: '00-x' };
  expect(await traced({ ...request, trace: () => ({ headers, end: fail }) })).toEqual(answer(200));
  expect(sent.map(({ headers: carried }) => carried.traceparent)).toEqual([undefined, '00-x']);
});

test('each repeat is a try of its own and says which, over a refused token too', async () => {
  const clock = manualClock();
  const { exchange, sent } = scripted(answer(503), answer(401), answer(503), answer(201));
  const { told, trace } = follower();
  const retried = withRetry(withTrace(exchange, { operation: 'guest' }), { clock, random: () => 0, idempotent: false });
  const tokens = { get: () => ({ value: 'token', cached: true, tries: [] }), drop: () => {} };
  await clock.settle(withBearer(retried, tokens, clock)({ ...request, trace }));
  expect(told.flatMap((one) => ('resends' in one ? one.resends : []))).toEqual([0, 1, 2, 3]);
  expect(new Set(sent.map(({ headers }) => headers.traceparent)).size).toBe(4);
});

test('headers that no request can carry are left out, and the try goes its way', async () => {
  const { exchange, sent } = scripted(answer(200), answer(200));
  const traced = withTrace(exchange, { operation: 'guest' });
  await traced({ ...request, trace: () => ({ headers: { traceparent: '00-try\r\nx: y' } }) });
  await traced({ ...request, trace: () => ({ headers: { traceparent: '00-try-2', tracestate: 'a=\n' } }) });
  expect(sent.map(({ headers }) => headers)).toEqual([
    request.headers,
    { ...request.headers, traceparent: '00-try-2' },
  ]);
});

test('a follower that is asynchronous does not follow, and its rejection harms nobody', async () => {
  const { exchange, sent } = scripted(answer(200));
  // A cast, because JavaScript may pass what the type forbids.
  const trace = (async () => Promise.reject(new Error('broken'))) as unknown as TraceTry;
  await withTrace(exchange, { operation: 'guest' })({ ...request, trace });
  expect(sent[0]?.headers).toBe(request.headers);
});
