import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createSimulator, type Simulator } from '../simulator.ts';
import { accessToken, guestRequest, readJson, tokenRequest } from '../testing/requests.ts';

const at = (path: string, init: RequestInit = {}) => new Request(`http://simulator.test/_sim${path}`, init);

const post = (body: string, contentType = 'application/json') =>
  at('/faults', { method: 'POST', headers: { 'Content-Type': contentType }, body });

const asJson = async (simulator: Simulator, request: Request) => {
  const response = await simulator.fetch(request);
  return { response, status: response.status, body: await readJson(response) };
};

test('health says that it serves, and the seed', async () => {
  const { status, body } = await asJson(createSimulator({ seed: 7 }), at('/health'));
  expect([status, body]).toEqual([200, { status: 'ok', seed: '7' }]);
});

test('stats count everything since the start', async () => {
  const simulator = createSimulator();
  const token = await accessToken(simulator);
  await simulator.fetch(guestRequest({ token }));
  await simulator.fetch(guestRequest({}));
  simulator.faults.add({ status: 503 });
  const { body } = await asJson(simulator, at('/stats'));
  expect(body).toEqual({
    tokenRequests: 1,
    tokensIssued: 1,
    guestRequests: 2,
    captchaRequests: 0,
    idpRequests: 0,
    guestsCreated: 1,
    replayed: 0,
    captchasPassed: 0,
    webhooksAccepted: 0,
    socketRequests: 0,
    historyRequests: 0,
    configRequests: 0,
    attachmentRequests: 0,
    exchangeRequests: 0,
    refreshRequests: 0,
    revokeRequests: 0,
    guestsSignedIn: 0,
    otherRequests: 0,
    sessionsStarted: 0,
    openSockets: 0,
    unanswered: 0,
    rejectedByStatus: { 401: 1 },
    faultsApplied: 0,
    openFaults: 1,
  });
});

test('requests are told as in the process', async () => {
  const simulator = createSimulator();
  await simulator.fetch(tokenRequest());
  const { body } = await asJson(simulator, at('/requests'));
  expect(body).toEqual({ requests: simulator.requests });
});

test('faults are added, listed and cleared', async () => {
  const simulator = createSimulator();
  const added = await asJson(simulator, post('{"operation":"token","status":503,"times":2}'));
  expect([added.status, added.body]).toEqual([201, { id: '1' }]);
  expect((await simulator.fetch(tokenRequest())).status).toBe(503);
  expect((await asJson(simulator, at('/faults'))).body).toMatchObject({ faults: [{ id: '1', seen: 1, used: 1 }] });
  const cleared = await simulator.fetch(at('/faults', { method: 'DELETE' }));
  expect(cleared.status).toBe(204);
  expect((await simulator.fetch(tokenRequest())).status).toBe(200);
});

test('what is no fault is 400 and every problem is named', async () => {
  const simulator = createSimulator();
  const { status, body } = await asJson(simulator, post('{"status":42,"times":"twice"}'));
  expect([status, body.code]).toEqual([400, 'constraint.validation']);
  expect(body.details).toEqual([
    { errorCode: 'invalid.value', fieldName: 'times' },
    { errorCode: 'invalid.value', fieldName: 'status' },
  ]);
  expect(body.message).toMatch(/times: .*status: /);
  expect(simulator.faults.list()).toEqual([]);
});

test('broken JSON is 400, and anything but JSON 415', async () => {
  const simulator = createSimulator();
  expect((await asJson(simulator, post('{'))).status).toBe(400);
  expect((await asJson(simulator, post('{"status":503}', 'text/plain'))).status).toBe(415);
});

test('a reset forgets everything', async () => {
  const simulator = createSimulator();
  const token = await accessToken(simulator);
  simulator.faults.add({ status: 503 });
  expect((await simulator.fetch(at('/reset', { method: 'POST' }))).status).toBe(204);
  expect(simulator.stats()).toMatchObject({ tokenRequests: 0, tokensIssued: 0, openFaults: 0 });
  expect(simulator.requests).toEqual([]);
  expect((await simulator.fetch(guestRequest({ token }))).status).toBe(401);
});

test('no fault touches the control plane, and nothing of it is recorded', async () => {
  const simulator = createSimulator();
  simulator.faults.add({ operation: 'any', status: 503, times: 'always' });
  expect((await simulator.fetch(at('/stats'))).status).toBe(200);
  expect(simulator.requests).toEqual([]);
});

test('other methods are 405 with those allowed, other paths 404, all with a correlation id', async () => {
  const simulator = createSimulator();
  const method = await asJson(simulator, at('/reset'));
  const path = await asJson(simulator, at('/nothing'));
  expect([method.status, method.response.headers.get('allow')]).toEqual([405, 'POST']);
  expect([path.status, path.body.code]).toEqual([404, 'not.found']);
  expect(method.body.contextId).toBe(method.response.headers.get('inin-correlation-id'));
  expect(path.response.headers.has('inin-correlation-id')).toBe(true);
});

test('every fault the README shows is taken', async () => {
  const simulator = createSimulator();
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const shown = [...readme.matchAll(/^fault '(.*?)'/gm)].map(([, fault]) => fault ?? '');
  const answers = await Promise.all(shown.map((fault) => simulator.fetch(post(fault))));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 18 }, () => 201));
});
