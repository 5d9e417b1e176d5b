import { expect, test } from 'vitest';
import { ask, configure, presence, rateRefused, refused, stage, text, token } from '../testing/guest-talk.ts';
import { parseFault } from './fault.ts';

test('an upgrade is refused with any status', async () => {
  await using on = await stage();
  on.simulator.faults.add({ operation: 'socket', status: 403 });
  on.simulator.faults.add({ operation: 'socket', status: 429, headers: { 'Retry-After': '7' } });
  await expect(on.open()).rejects.toThrow('HTTP 403');
  await expect(on.open()).rejects.toMatchObject({ message: 'HTTP 429', cause: { 'retry-after': '7' } });
  using socket = await on.open();
  expect(await ask(socket, configure)).toMatchObject({ class: 'SessionResponse' });
  expect(on.simulator.stats()).toMatchObject({ faultsApplied: 2, rejectedByStatus: { 403: 1, 429: 1 } });
});

test('an upgrade is reset, before or after the socket is open', async () => {
  await using on = await stage();
  on.simulator.faults.add({ operation: 'socket', reset: 'before' });
  await expect(on.open()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(on.simulator.stats()).toMatchObject({ unanswered: 1, openSockets: 0 });
  on.simulator.faults.add({ operation: 'socket', reset: 'after' });
  const opened = await on.open().catch(() => undefined);
  expect(await (opened?.closed ?? 1006)).toBe(1006);
});

test('an upgrade is held on the clock, and a stalled one is never answered', async () => {
  await using on = await stage();
  on.simulator.faults.add({ operation: 'socket', delayMs: 5000 });
  const opening = on.open();
  await on.clock.armed();
  on.clock.advance(5000);
  using socket = await opening;
  expect(socket.heard).toEqual([]);
  on.simulator.faults.add({ operation: 'socket', stall: true });
  const stalled = expect(on.open()).rejects.toMatchObject({ code: 'ECONNRESET' });
  // The next one opens, so the one before it has come and is being held.
  using next = await on.open();
  on.simulator.reset();
  await stalled;
  expect(await next.closed).toBe(1006);
});

test('a request on the socket is refused with any code', async () => {
  await using on = await stage();
  using socket = await on.join();
  on.simulator.faults.add({ operation: 'action', code: 429, retryAfterSeconds: 9 });
  expect(await ask(socket, text('one', { tracingId: 't-1' }))).toEqual({ ...rateRefused(9), tracingId: 't-1' });
  on.simulator.faults.add({ operation: 'action', code: 4000 });
  expect(await ask(socket, text('two'))).toEqual(refused(4000));
  on.simulator.faults.add({ operation: 'action', code: 503, executes: true });
  expect(await ask(socket, text('three'))).toEqual(refused(503));
  expect(on.simulator.sessions.history(token)).toMatchObject([{ text: 'three' }]);
});

test('a connection breaks at a request that was taken in, or was not', async () => {
  await using on = await stage();
  using first = await on.join();
  on.simulator.faults.add({ operation: 'action', reset: 'before' });
  first.say(text('lost'));
  expect(await first.closed).toBe(1006);
  using second = await on.join();
  on.simulator.faults.add({ operation: 'action', reset: 'after' });
  second.say(text('kept'));
  expect(await second.closed).toBe(1006);
  expect(second.heard).toEqual([]);
  expect(on.simulator.sessions.history(token)).toMatchObject([{ text: 'kept' }]);
});

test('a session expires in the middle of a talk', async () => {
  await using on = await stage();
  using socket = await on.join();
  on.simulator.faults.add({ operation: 'action', after: 1, expire: true });
  await ask(socket, text('one'));
  expect(await ask(socket, text('two'))).toMatchObject({ class: 'SessionExpiredEvent' });
  expect(await socket.next()).toEqual(refused(4006));
});

test('a request is left without an answer, or answered late', async () => {
  await using on = await stage();
  using socket = await on.join();
  using witness = await on.join();
  on.simulator.faults.add({ operation: 'action', stall: true });
  socket.say(text('lost'));
  await ask(socket, text('one'));
  on.simulator.faults.add({ operation: 'action', delayMs: 400 });
  socket.say(text('two'));
  socket.say(presence('Join'));
  // What the witness hears was taken in.
  expect([await witness.next(), await witness.next(), await witness.next()]).toMatchObject([
    { body: { text: 'one' } },
    { body: { text: 'two' } },
    { body: { type: 'Event' } },
  ]);
  expect(socket.heard).toEqual([]);
  on.clock.advance(400);
  expect([await socket.next(), await socket.next()]).toMatchObject([
    { body: { text: 'two' } },
    { body: { type: 'Event' } },
  ]);
});

test('a connection breaks after so many frames', async () => {
  await using on = await stage();
  on.simulator.faults.add({ operation: 'frame', after: 2, reset: 'before' });
  using socket = await on.join();
  await ask(socket, text('one'));
  socket.say(text('two'));
  expect(await socket.closed).toBe(1006);
  expect(on.simulator.sessions.history(token)).toMatchObject([{ text: 'one' }, { text: 'two' }]);
});

test('a frame comes twice, never, or after the next', async () => {
  await using on = await stage({ limits: { messagesPerSecond: 20 } });
  using socket = await on.join();
  const said = async () => Reflect.get(Object((await socket.next()).body), 'text');
  on.simulator.faults.add({ operation: 'frame', duplicate: true });
  socket.say(text('twice'));
  expect([await said(), await said()]).toEqual(['twice', 'twice']);
  on.simulator.faults.add({ operation: 'frame', stall: true });
  for (const words of ['never', 'plain']) socket.say(text(words));
  expect(await said()).toBe('plain');
  on.simulator.faults.add({ operation: 'frame', reorder: true });
  for (const words of ['overtaken', 'first', 'last']) socket.say(text(words));
  expect([await said(), await said(), await said()]).toEqual(['first', 'overtaken', 'last']);
});

test('a frame is held on the clock, and so are those behind it', async () => {
  await using on = await stage();
  using socket = await on.join();
  using witness = await on.join();
  on.simulator.faults.add({ operation: 'frame', delayMs: 300 });
  for (const words of ['late', 'behind']) socket.say(text(words));
  expect([await witness.next(), await witness.next()]).toMatchObject([{}, { body: { text: 'behind' } }]);
  expect(socket.heard).toEqual([]);
  on.clock.advance(300);
  expect([await socket.next(), await socket.next()]).toMatchObject([
    { body: { text: 'late' } },
    { body: { text: 'behind' } },
  ]);
});

test('a frame to be overtaken is sent after a second when none comes', async () => {
  await using on = await stage();
  using socket = await on.join();
  using witness = await on.join();
  on.simulator.faults.add({ operation: 'frame', reorder: true });
  socket.say(text('alone'));
  expect(await witness.next()).toMatchObject({ body: { text: 'alone' } });
  on.clock.advance(999);
  expect(socket.heard).toEqual([]);
  on.clock.advance(1);
  expect(await socket.next()).toMatchObject({ body: { text: 'alone' } });
});

test('a fault for any request leaves frames alone', async () => {
  await using on = await stage();
  using socket = await on.join();
  on.simulator.faults.add({ status: 503, times: 'always' });
  expect(await ask(socket, text('hello'))).toMatchObject({ body: { text: 'hello' } });
  await expect(on.open()).rejects.toThrow('HTTP 503');
});

test('effects of another operation are refused', () => {
  const faults = [
    { operation: 'action', status: 503 },
    { operation: 'frame', code: 429 },
    { operation: 'socket', duplicate: true },
    { operation: 'guest', expire: true },
  ];
  for (const fault of faults) expect(parseFault(fault)).toMatchObject({ ok: false });
  expect(parseFault({ operation: 'action', retryAfterSeconds: 1 })).toMatchObject({ ok: false });
});
