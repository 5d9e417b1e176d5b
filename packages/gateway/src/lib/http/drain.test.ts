import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { callRaw } from '../testing/raw-http.ts';
import { createProblems } from './problem.ts';
import { serve } from './serve.ts';

const get = 'GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n';

/** A listener whose answers wait until they are released. */
async function start(clock = systemClock) {
  const waiting: (() => void)[] = [];
  let arrived = 0;
  let told = () => {};
  const handler = async () => {
    arrived += 1;
    told();
    await new Promise<void>((resolve) => waiting.push(resolve));
    return new Response('done');
  };
  const listener = await serve(handler, { clock, problems: createProblems() });
  return {
    listener,
    release() {
      for (const go of waiting.splice(0)) go();
    },
    async arrival(count: number) {
      while (arrived < count) {
        await new Promise<void>((resolve) => {
          told = resolve;
        });
      }
    },
  };
}

test('requests under way end, with word that the connection closes, and nothing is cut', async () => {
  const { listener, release, arrival } = await start();
  const callers = await Promise.all(Array.from({ length: 20 }, () => callRaw(listener.port)));
  for (const caller of callers) caller.write(get);
  await arrival(20);
  const drained = listener.drain({ graceMs: 10_000 });
  release();
  const texts = await Promise.all(callers.map((caller) => caller.closed()));
  for (const text of texts) {
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*done$/i);
  }
  expect(await drained).toBe(0);
});

test('connections that rest, and those that never asked, are closed after a moment', async () => {
  const { listener, release, arrival } = await start();
  using rests = await callRaw(listener.port);
  rests.write(get);
  await arrival(1);
  release();
  await rests.received('done');
  using silent = await callRaw(listener.port);
  expect(await listener.drain({ graceMs: 10_000 })).toBe(0);
  expect(await silent.closed()).toBe('');
  await rests.closed();
});

test('a request that came and was not read yet is answered, on a new connection and on one that rests', async () => {
  const { listener, release, arrival } = await start();
  using rests = await callRaw(listener.port);
  rests.write(get);
  await arrival(1);
  release();
  await rests.received('done');
  using fresh = await callRaw(listener.port);
  using probe = await callRaw(listener.port);
  probe.write(get);
  // By now the listener has taken all of them in.
  await arrival(2);
  release();
  await probe.received('done');
  fresh.write(get);
  rests.write(get);
  const drained = listener.drain({ graceMs: 10_000 });
  expect(await fresh.closed()).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"shutting_down"/);
  expect(await rests.closed()).toMatch(/done[\s\S]*HTTP\/1\.1 503 [\s\S]*"code":"shutting_down"/);
  expect(await drained).toBe(0);
});

test('nobody can connect any more, and a new request on an old connection is sent elsewhere', async () => {
  const { listener, release, arrival } = await start();
  using busy = await callRaw(listener.port);
  busy.write(get);
  await arrival(1);
  using half = await callRaw(listener.port);
  half.write(get.slice(0, 20));
  using probe = await callRaw(listener.port);
  probe.write(get);
  await arrival(2);
  const drained = listener.drain({ graceMs: 10_000 });
  half.write(get.slice(20));
  expect(await half.closed()).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: \d+[\s\S]*"code":"shutting_down"/i);
  await expect(fetch(listener.url)).rejects.toThrow();
  release();
  expect(await drained).toBe(0);
});

test('what is still under way after the grace is cut', async () => {
  const clock = manualClock();
  const { listener, arrival } = await start(clock);
  using caller = await callRaw(listener.port);
  caller.write(get);
  await arrival(1);
  const drained = listener.drain({ graceMs: 10_000 });
  await clock.advance(9_999);
  expect(caller.socket.readableEnded).toBe(false);
  await clock.advance(1);
  expect(await caller.closed()).toBe('');
  expect(await drained).toBe(1);
  expect(clock.pending).toBe(0);
});

test('draining twice waits for the same end, and disposing cuts at once', async () => {
  const { listener, arrival } = await start();
  using caller = await callRaw(listener.port);
  caller.write(get);
  await arrival(1);
  const drained = listener.drain({ graceMs: 10_000 });
  await listener[Symbol.asyncDispose]();
  expect(await drained).toBe(1);
  await listener[Symbol.asyncDispose]();
});
