import { connect } from 'node:net';
import { GuestpassError, systemClock } from 'guestpass';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createProblems } from '../../http/problem.ts';
import { serve } from '../../http/serve.ts';
import { streamDataSchema } from '../../openapi/stream.ts';
import { createAttemptStore } from '../../store/attempts.ts';
import { admitted, failed, masterKey, noon } from '../../testing/guests.ts';
import { type Operators, openOperators, operatorToken } from '../../testing/operators.ts';
import { attemptEvent, deliveryEvent } from './stream-event.ts';

let operators: Operators;

beforeAll(async () => {
  operators = await openOperators();
});

afterAll(() => operators[Symbol.asyncDispose]());

beforeEach(() => {
  expect(operators.events.listeners).toBe(0);
  expect(operators.clock.pending).toBe(0);
});

const headers = (lastEventId?: string) => ({
  Authorization: `Bearer ${operatorToken}`,
  ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
});

/** Reads a stream as it comes. */
function readerOf(body: ReadableStream<Uint8Array> | null) {
  if (!body) throw new Error('The answer has no body.');
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    /** Everything up to the first match. */
    async until(pattern: RegExp) {
      while (!pattern.test(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`The stream ended after: ${text}`);
        text += value;
      }
      return text;
    },
    async rest() {
      for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
      return text;
    },
    leave: () => reader.cancel(),
  };
}

async function listen(lastEventId?: string) {
  const response = await operators.app.request('/v1/stream', { headers: headers(lastEventId) });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  return readerOf(response.body);
}

const publish = (id: string) => operators.events.publish(attemptEvent(admitted(id)));

const eventIds = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id ?? '');
const dataOf = (text: string) => [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? ''));

test('attempts and deliveries are told as they end, in the form that is described', async () => {
  const stream = await listen();
  await operators.endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  const attemptId = await operators.guest();
  const [{ id } = { id: '' }] = await operators.deliveries.list({ limit: 1, attemptId });
  const delivery = await operators.deliveries.get(id);
  if (!delivery) throw new Error('There is no delivery.');
  publish('att_1');
  operators.events.publish(attemptEvent(failed('att_2')));
  const tried = { result: 'retry', failure: 'timeout_before_headers', durationMs: 15_000 } as const;
  operators.events.publish(deliveryEvent({ delivery, tried, state: 'pending' }, noon + 15_000));
  const text = await stream.until(/timeout_before.*\n\n$/);
  expect(text).toMatch(/^retry: 2000\n\nid: .+\nevent: attempt\ndata: .+\n\nid: .+\nevent: attempt\n/);
  const data = dataOf(text);
  expect(data.map((one) => streamDataSchema.parse(one))).toEqual(data);
  expect(data).toMatchObject([
    { id: 'att_1', outcome: 'admitted', guestId: 'guest-of-att_1', settledAt: '2024-01-15T10:30:00.020Z' },
    { id: 'att_2', outcome: 'failed', code: 'rate_limited', platformStatus: 429 },
    {
      id,
      attemptId,
      state: 'pending',
      tries: 1,
      lastTry: { outcome: 'timeout_before_headers', startedAt: '2024-01-15T10:30:00.000Z' },
    },
  ]);
  expect(text).not.toContain('token-of-');
  await stream.leave();
});

test('whoever comes back hears what was missed, or that it is no longer known', async () => {
  const before = await listen();
  publish('att_1');
  const [last] = eventIds(await before.until(/att_1.*\n\n$/));
  await before.leave();
  const [second, third] = [await operators.guest(), await operators.guest()];
  publish(second);
  publish(third);
  const back = await listen(last);
  publish('att_4');
  const text = await back.until(/att_4.*\n\n$/);
  expect(dataOf(text).map(({ id }) => id)).toEqual([second, third, 'att_4']);
  expect(dataOf(text).map((one) => streamDataSchema.parse(one))).toEqual(dataOf(text));
  expect(dataOf(text).map(({ guestId }) => guestId)).toEqual([second, third, 'att_4'].map((id) => `guest-of-${id}`));
  expect(text).not.toContain('event: missed');
  await back.leave();

  const lost = await listen('00000000-7');
  expect(await lost.until(/missed/)).toContain('event: missed\ndata: {}\n\n');
  await lost.leave();
});

/** Somebody who listened until now: the last event that was heard. */
async function listenedUntilNow() {
  const before = await listen();
  publish('att_mark');
  const [last] = eventIds(await before.until(/att_mark.*\n\n$/));
  await before.leave();
  return last;
}

test('a guest who is erased, at whichever gateway, is not told of again', async () => {
  const last = await listenedUntilNow();
  const attemptId = await operators.guest();
  publish(attemptId);
  await operators.endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  const told = await operators.guest();
  const [delivery] = await operators.deliveries.list({ limit: 1, attemptId: told });
  const row = await operators.deliveries.get(delivery?.id ?? '');
  if (!row) throw new Error('There is no delivery.');
  const tried = { result: 'retry', durationMs: 1, responseExcerpt: `no ${told} here` } as const;
  operators.events.publish(deliveryEvent({ delivery: row, tried, state: 'pending' }, noon));

  // Another gateway knows nothing of the listeners here.
  await using other = createAttemptStore({ database: operators.database, masterKey, owner: 'gateway-2' });
  await other.eraseGuest({ attemptId, basis: 'asked for', nowMs: noon });
  const back = await listen(last);
  const text = await back.until(/event: delivery.*\n.*\n\n$/);
  expect(dataOf(text)).toMatchObject([
    { id: attemptId, outcome: 'admitted', guestId: null },
    { id: delivery?.id, lastTry: { responseExcerpt: null } },
  ]);
  expect(text).not.toContain(`guest-of-${attemptId}`);
  await back.leave();
  const kept = operators.events.subscribe({ onEvent: () => {}, onEnd: () => {} }, last);
  kept.leave();
  expect(JSON.stringify(kept.since)).not.toMatch(/guest-of|here/);
});

test('what happens while that of before is read comes behind it, and whoever leaves meanwhile is forgotten', async () => {
  const last = await listenedUntilNow();
  const attemptId = await operators.guest();
  publish(attemptId);
  const [back, gone] = [await listen(last), await listen(last)];
  await gone.leave();
  publish('att_after');
  const text = await back.until(/att_after.*\n\n$/);
  expect(dataOf(text).map(({ id }) => id)).toEqual([attemptId, 'att_after']);
  await back.leave();
});

test('whoever comes back while the database cannot be asked is to read the lists again', async () => {
  const down = new GuestpassError('storage_unavailable', 'The database is down.');
  const attempts = { ...operators.attempts, getAll: () => Promise.reject(down) };
  const own = await openOperators({ attempts });
  const ids: string[] = [];
  const { leave } = own.events.subscribe({ onEvent: ({ id }) => ids.push(id), onEnd: () => {} });
  own.events.publish(attemptEvent(admitted('att_1')));
  own.events.publish(attemptEvent(admitted('att_2')));
  leave();
  const response = await own.app.request('/v1/stream', { headers: headers(ids[0]) });
  const stream = readerOf(response.body);
  expect(await stream.until(/data/)).toBe('retry: 2000\n\nevent: missed\ndata: {}\n\n');
  await stream.leave();
  await own[Symbol.asyncDispose]();
});

test('a silent stream shows every 15 seconds that it is alive', async () => {
  const stream = await listen();
  await stream.until(/retry/);
  await operators.clock.advance(45_000);
  expect(await stream.until(/(?::\n\n){3}$/)).toBe(`retry: 2000\n\n${':\n\n'.repeat(3)}`);
  await stream.leave();
});

test('a stream ends with the session that opened it, and with no other', async () => {
  const signIn = async () => {
    const { headers } = await operators.ask('POST /v1/operator-sessions');
    return headers.get('set-cookie')?.replace(/;.*/, '') ?? '';
  };
  const [short, long] = [await signIn(), await signIn()];
  const [left, stayed] = await Promise.all(
    [short, long].map(async (cookie) => {
      const response = await operators.app.request('/v1/stream', { headers: { cookie } });
      return readerOf(response.body);
    }),
  );
  const byToken = await listen();
  await operators.ask('DELETE /v1/operator-sessions', {
    token: null,
    headers: { cookie: short, 'sec-fetch-site': 'same-origin' },
  });
  await operators.clock.advance(15_000);
  expect(await left?.rest()).toBe('retry: 2000\n\n');
  expect(operators.events.listeners).toBe(2);
  await operators.clock.advance(12 * 3_600_000 - 15_000);
  expect(await stayed?.rest()).toMatch(/:\n\n$/);
  expect(operators.events.listeners).toBe(1);
  await byToken.leave();
});

test('a listener that does not keep up is cut off, and the others hear on', async () => {
  const slow = await operators.app.request('/v1/stream', { headers: headers() });
  const quick = await listen();
  for (let i = 0; i < 1_100; i += 1) {
    publish(`att_${i}`);
    await quick.until(new RegExp(`"att_${i}"`));
  }
  expect(operators.events.listeners).toBe(1);
  await expect(slow.text()).rejects.toThrow('does not keep up');
  await quick.leave();
});

test('only so many may listen', async () => {
  const streams = await Promise.all(Array.from({ length: 100 }, () => listen()));
  expect(await operators.ask('GET /v1/stream')).toMatchObject({ status: 503, body: { code: 'overloaded' } });
  for (const stream of streams) await stream.leave();
});

test('over a socket: an event arrives, a listener that goes is forgotten, and the end of events ends the stream', async () => {
  const own = await openOperators({ clock: systemClock });
  const problems = createProblems({ audience: 'operator' });
  await using listener = await serve(own.app.fetch, { clock: systemClock, problems });
  const open = async () => {
    const abort = new AbortController();
    const response = await fetch(`${listener.url}/v1/stream`, { headers: headers(), signal: abort.signal });
    return { abort, stream: readerOf(response.body) };
  };
  const [going, staying] = [await open(), await open()];
  await going.stream.until(/retry/);
  expect(own.events.listeners).toBe(2);
  own.events.publish(attemptEvent(admitted('att_1')));
  await going.stream.until(/att_1/);
  going.abort.abort();
  // The server learns of it when the socket closes.
  await expect.poll(() => own.events.listeners).toBe(1);
  own.events.publish(attemptEvent(admitted('att_2')));
  await staying.stream.until(/att_2/);
  await own[Symbol.asyncDispose]();
  expect(dataOf(await staying.stream.rest())).toHaveLength(2);
});

test('over a socket: a listener that reads nothing is cut off, and what it got does not end well', async () => {
  const own = await openOperators({ clock: systemClock });
  const problems = createProblems({ audience: 'operator' });
  await using listener = await serve(own.app.fetch, { clock: systemClock, problems });
  const socket = connect(listener.port, '127.0.0.1');
  socket.pause();
  const request = ['GET /v1/stream HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${operatorToken}`, '', ''];
  socket.write(request.join('\r\n'));
  await expect.poll(() => own.events.listeners).toBe(1);
  for (let i = 0; i < 1_100; i += 1) own.events.publish(attemptEvent(admitted(`att_${i}`)));
  expect(own.events.listeners).toBe(0);
  const chunks: Buffer[] = [];
  // A reset is as good an end as any other.
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  const text = Buffer.concat(chunks).toString();
  expect(text).not.toContain('\r\n0\r\n\r\n');
  await own[Symbol.asyncDispose]();
});
