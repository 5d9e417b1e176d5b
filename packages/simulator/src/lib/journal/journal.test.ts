import { expect, test } from 'vitest';
import { createSimulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { accessToken, guestRequest, tokenRequest, tutorialPayload } from '../testing/requests.ts';

test('tells what was asked, in order, without secrets', async () => {
  const simulator = createSimulator({ clock: manualClock() });
  const token = await accessToken(simulator, 'webmessaging:guest:create openid');
  const response = await simulator.fetch(guestRequest({ token, headers: { 'Idempotency-Key': 'key-1' } }));
  expect(simulator.requests).toEqual([
    {
      at: '2024-01-15T10:30:00.000Z',
      operation: 'token',
      method: 'POST',
      host: 'simulator.test',
      path: '/oauth/token',
      headerNames: ['authorization', 'content-type'],
      body: { grant_type: 'client_credentials', scope: 'webmessaging:guest:create openid' },
      correlationId: expect.any(String),
      status: 200,
    },
    {
      at: '2024-01-15T10:30:00.000Z',
      operation: 'guest',
      method: 'POST',
      host: 'simulator.test',
      path: '/api/v2/conversations/webmessaging/guests',
      headerNames: ['authorization', 'content-type', 'idempotency-key'],
      idempotencyKey: 'key-1',
      body: { ...tutorialPayload, captcha: { ...tutorialPayload.captcha, response: '[removed]' } },
      correlationId: response.headers.get('inin-correlation-id'),
      status: 201,
    },
  ]);
  const told = JSON.stringify(simulator.requests);
  for (const secret of ['sim-secret', token, '03AGdBq25', btoa('sim-client:sim-secret')]) {
    expect(told).not.toContain(secret);
  }
});

test('what is told cannot be changed by the one it is told to', async () => {
  const simulator = createSimulator();
  await simulator.fetch(tokenRequest());
  const [told] = simulator.requests;
  Object.assign(told ?? {}, { path: 'changed' });
  expect(simulator.requests[0]?.path).toBe('/oauth/token');
});

test('a query is not told, and unknown paths are of their own kind', async () => {
  const simulator = createSimulator();
  await simulator.fetch(new Request('http://simulator.test/elsewhere?token=secret'));
  expect(simulator.requests).toMatchObject([{ operation: 'other', path: '/elsewhere', status: 404 }]);
  expect(simulator.stats()).toMatchObject({ otherRequests: 1, rejectedByStatus: { 404: 1 } });
});

test('a request too large to be read is told without its body', async () => {
  const simulator = createSimulator();
  await simulator.fetch(guestRequest({ payload: 'x'.repeat(600_000) }));
  expect(simulator.requests[0]).toMatchObject({ status: 413 });
  expect(simulator.requests[0]).not.toHaveProperty('body');
});

test('only the last thousand are kept, and all are counted', async () => {
  const simulator = createSimulator({ tokenRequestsPerMinute: 10_000 });
  for (let asked = 0; asked < 1005; asked += 1) await simulator.fetch(tokenRequest());
  expect(simulator.requests).toHaveLength(1000);
  expect(simulator.stats().tokenRequests).toBe(1005);
});
