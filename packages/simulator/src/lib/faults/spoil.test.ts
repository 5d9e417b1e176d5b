import { expect, test } from 'vitest';
import { createSimulator, type Simulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { accessToken, guestRequest, readJson, tokenRequest } from '../testing/requests.ts';
import type { SimulatorFault } from './fault.ts';

/** A simulator with a token and one fault for the next guest. */
const spoiled = async (fault: SimulatorFault) => {
  const clock = manualClock();
  const simulator = createSimulator({ seed: 1, clock });
  const token = await accessToken(simulator);
  simulator.faults.add({ operation: 'guest', ...fault });
  const ask = (signal?: AbortSignal) => simulator.fetch(guestRequest({ token, ...(signal && { signal }) }));
  return { simulator, clock, ask };
};

const answered = async (fault: SimulatorFault) => {
  const { simulator, ask } = await spoiled(fault);
  const response = await ask();
  return { simulator, response, status: response.status };
};

const created = (simulator: Simulator) => simulator.stats().guestsCreated;

test('a status is answered in place of the guest, in the words of the API', async () => {
  const { simulator, response, status } = await answered({ status: 503 });
  expect(status).toBe(503);
  expect(await readJson(response)).toMatchObject({
    code: 'service.unavailable',
    status: 503,
    contextId: response.headers.get('inin-correlation-id'),
  });
  expect(response.headers.get('date')).toBe('Mon, 15 Jan 2024 10:30:00 GMT');
  expect(created(simulator)).toBe(0);
  expect(simulator.stats()).toMatchObject({ faultsApplied: 1, openFaults: 0, rejectedByStatus: { 503: 1 } });
});

test('a status nobody named still has a body of its class', async () => {
  expect(await readJson((await answered({ status: 418 })).response)).toMatchObject({
    code: 'bad.request',
    status: 418,
  });
  expect(await readJson((await answered({ status: 599 })).response)).toMatchObject({
    code: 'internal.server.error',
    status: 599,
  });
});

test('the token endpoint fails in the words of OAuth', async () => {
  const simulator = createSimulator();
  const bodyOf = async (status: number) => {
    simulator.faults.add({ operation: 'token', status });
    return readJson(await simulator.fetch(tokenRequest()));
  };
  expect(await bodyOf(503)).toMatchObject({ error: 'temporarily_unavailable' });
  expect(await bodyOf(500)).toMatchObject({ error: 'server_error' });
  expect(await bodyOf(401)).toMatchObject({ error: 'invalid_client' });
  expect(await bodyOf(400)).toMatchObject({ error: 'invalid_request', error_description: expect.any(String) });
  expect(simulator.stats().tokensIssued).toBe(0);
});

test('a gateway may give up on a guest that was created', async () => {
  const { simulator, status } = await answered({ status: 504, executes: true });
  expect([status, created(simulator)]).toEqual([504, 1]);
});

test('a success of another status keeps the guest', async () => {
  const { response, status } = await answered({ status: 200 });
  expect([status, (await readJson(response)).guestId]).toEqual([200, expect.any(String)]);
});

test('a redirect creates nobody and says nothing but where to', async () => {
  const { simulator, response, status } = await answered({ status: 307, headers: { Location: 'http://elsewhere/' } });
  expect([status, response.headers.get('location'), await response.text()]).toEqual([307, 'http://elsewhere/', '']);
  expect(created(simulator)).toBe(0);
});

test('a status without content has none', async () => {
  const { response, status } = await answered({ status: 204, body: 'html' });
  expect([status, response.body]).toEqual([204, null]);
});

test('a guest may be created and the answer be a page', async () => {
  const { simulator, response, status } = await answered({ body: 'html' });
  expect([status, response.headers.get('content-type')]).toEqual([201, 'text/html; charset=utf-8']);
  expect(await response.text()).toMatch(/^<!DOCTYPE html>/);
  expect(created(simulator)).toBe(1);
});

test('a body may be empty, garbage, other JSON, or any text', async () => {
  const empty = await answered({ body: 'empty' });
  const garbage = await answered({ body: 'garbage' });
  const wrong = await answered({ body: 'wrong-json' });
  const text = await answered({ body: { text: '{"guestId":1e400}' } });
  expect(await empty.response.text()).toBe('');
  const bytes = await garbage.response.bytes();
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow(TypeError);
  expect(await readJson(wrong.response)).not.toHaveProperty('guestId');
  expect(await text.response.text()).toBe('{"guestId":1e400}');
});

test('a body may be huge', async () => {
  const { response } = await answered({ body: { bytes: 3_000_000 } });
  expect(response.headers.get('content-length')).toBe('3000000');
  expect((await response.bytes()).byteLength).toBe(3_000_000);
});

test('a body may be replaced, or have fields of its own overridden', async () => {
  const simulator = createSimulator();
  simulator.faults.add({ operation: 'token', body: { merge: { expires_in: -1, token_type: null } } });
  expect(await readJson(await simulator.fetch(tokenRequest()))).toEqual({
    access_token: expect.any(String),
    token_type: null,
    expires_in: -1,
    scope: 'webmessaging:guest:create openid',
  });
  simulator.faults.add({ operation: 'token', body: { json: { access_token: '' } } });
  expect(await readJson(await simulator.fetch(tokenRequest()))).toEqual({ access_token: '' });
});

test('fields may be overridden where nothing was executed, too', async () => {
  const { response } = await answered({ status: 503, body: { merge: { code: 'odd' } } });
  expect(await readJson(response)).toMatchObject({ code: 'odd', status: 503 });
});

test('headers stand over those of the answer, and a list keeps all its values', async () => {
  const headers = { 'retry-after': ['1', 'Mon, 15 Jan 2024 10:31:00 GMT'], 'inin-ratelimit-count': 'many' };
  const { response, status } = await answered({ headers });
  expect(status).toBe(201);
  expect(response.headers.get('retry-after')).toBe('1, Mon, 15 Jan 2024 10:31:00 GMT');
  expect(response.headers.get('inin-ratelimit-count')).toBe('many');
  expect(response.headers.get('inin-ratelimit-allowed')).toBe('300');
});

test('a content type may be lied about', async () => {
  const { response } = await answered({ body: 'html', headers: { 'Content-Type': 'application/json' } });
  expect(response.headers.get('content-type')).toBe('application/json');
});

test('a reset before executing fails as fetch does, and nobody was created', async () => {
  const { simulator, ask } = await spoiled({ reset: 'before' });
  const failure = await ask().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TypeError);
  expect(failure).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNRESET' } });
  expect(created(simulator)).toBe(0);
  expect(simulator.stats()).toMatchObject({ unanswered: 1, rejectedByStatus: {} });
});

test('a reset after executing looks the same, and the guest was created', async () => {
  const { simulator, ask } = await spoiled({ reset: 'after' });
  await expect(ask()).rejects.toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNRESET' } });
  expect(created(simulator)).toBe(1);
  expect(simulator.requests.at(-1)).not.toHaveProperty('status');
});

test('a truncated answer declares its length and breaks in the middle', async () => {
  const { response, status } = await answered({ truncate: true });
  expect(status).toBe(201);
  const declared = Number(response.headers.get('content-length'));
  const chunks: Uint8Array[] = [];
  const read = async () => {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
  };
  await expect(read()).rejects.toMatchObject({ message: 'terminated', cause: { code: 'UND_ERR_SOCKET' } });
  expect(Buffer.concat(chunks).byteLength).toBe(Math.floor(declared / 2));
});

test('an empty answer can be truncated', async () => {
  const { response } = await answered({ truncate: true, body: 'empty' });
  expect(response.headers.get('content-length')).toBe('1');
  await expect(response.text()).rejects.toThrow('terminated');
});

test('a delay holds the answer back on the clock, and the guest exists meanwhile', async () => {
  const { simulator, clock, ask } = await spoiled({ delayMs: 3_600_000 });
  const asked = ask();
  await clock.armed();
  expect(created(simulator)).toBe(1);
  clock.advance(3_600_000);
  const response = await asked;
  expect(response.status).toBe(201);
  expect(response.headers.get('date')).toBe('Mon, 15 Jan 2024 11:30:00 GMT');
});

test('a caller may give up on a delay, and gets its own reason', async () => {
  const { simulator, clock, ask } = await spoiled({ delayMs: 1000 });
  const caller = new AbortController();
  const asked = ask(caller.signal);
  await clock.armed();
  caller.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  expect(clock.pending).toBe(0);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 1, unanswered: 1 });
});

test('a delayed reset waits first', async () => {
  const { clock, ask } = await spoiled({ delayMs: 1000, reset: 'before' });
  const asked = ask();
  const failed = expect(asked).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  await clock.armed();
  clock.advance(1000);
  await failed;
});

test('a stall ends only when the caller gives up', async () => {
  const { simulator, ask } = await spoiled({ stall: true });
  const caller = new AbortController();
  const asked = ask(caller.signal);
  const failed = expect(asked).rejects.toThrow('enough');
  expect(await Promise.race([asked, simulator.fetch(tokenRequest())])).toMatchObject({ status: 200 });
  caller.abort(new Error('enough'));
  await failed;
  expect(created(simulator)).toBe(0);
});

test('a caller that gave up before asking is not heard', async () => {
  const { simulator, ask } = await spoiled({ status: 503 });
  await expect(ask(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  expect(simulator.stats()).toMatchObject({ guestRequests: 0, openFaults: 1 });
});
