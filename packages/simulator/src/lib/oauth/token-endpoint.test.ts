import { expect, test } from 'vitest';
import { createSimulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { basic, readJson, tokenRequest } from '../testing/requests.ts';

const ask = async (parts: Parameters<typeof tokenRequest>[0], simulator = createSimulator({ seed: 1 })) => {
  const response = await simulator.fetch(tokenRequest(parts));
  return { response, status: response.status, body: await readJson(response) };
};

test('a known client gets a bearer token that nobody may cache', async () => {
  const { response, status, body } = await ask({});
  expect(status).toBe(200);
  expect(body).toEqual({
    access_token: expect.stringMatching(/^[\w-]{43}$/),
    token_type: 'bearer',
    expires_in: 86_400,
    scope: 'webmessaging:guest:create openid',
  });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toBe('application/json');
});

test('a client may ask for less than all its scopes', async () => {
  const { body } = await ask({ form: { grant_type: 'client_credentials', scope: 'openid  openid' } });
  expect(body.scope).toBe('openid');
});

test('an empty scope asks for all of them', async () => {
  const { body } = await ask({ form: { grant_type: 'client_credentials', scope: '' } });
  expect(body.scope).toBe('webmessaging:guest:create openid');
});

test('a scope the client does not have is refused', async () => {
  const { status, body } = await ask({ form: { grant_type: 'client_credentials', scope: 'openid admin' } });
  expect([status, body.error]).toEqual([400, 'invalid_scope']);
});

test("an unknown client is 400, in both of the platform's text fields", async () => {
  const { status, body } = await ask({ authorization: basic('nobody', 'x') });
  expect(status).toBe(400);
  expect(body).toEqual({
    error: 'invalid_client',
    description: 'client not found: nobody',
    error_description: 'client not found: nobody',
  });
});

test('a wrong secret is 401 and names the scheme', async () => {
  const { response, status, body } = await ask({ authorization: basic('sim-client', 'wrong') });
  expect(status).toBe(401);
  expect(body).toMatchObject({ error: 'invalid_client', description: 'authentication failed' });
  expect(response.headers.get('www-authenticate')).toMatch(/^Basic/);
});

test('missing or malformed credentials are 401', async () => {
  const missing = await ask({ authorization: null });
  const malformed = await ask({ authorization: 'Basic %%%' });
  expect([missing.status, missing.body.error]).toEqual([401, 'invalid_client']);
  expect([malformed.status, malformed.body.error]).toEqual([401, 'invalid_client']);
});

test('credentials with reserved characters work when form-urlencoded', async () => {
  const simulator = createSimulator({ clients: [{ id: 'a b:c', secret: 'p%+&é', scopes: ['openid'] }] });
  const { status } = await ask({ authorization: basic('a+b%3Ac', 'p%25%2B%26%C3%A9') }, simulator);
  expect(status).toBe(200);
});

test('any other grant, or none, is unsupported', async () => {
  const password = await ask({ form: { grant_type: 'password' } });
  const none = await ask({ form: {} });
  expect([password.status, password.body.error]).toEqual([400, 'unsupported_grant_type']);
  expect([none.status, none.body.error]).toEqual([400, 'unsupported_grant_type']);
});

test('a repeated parameter and a body that is no form are invalid requests', async () => {
  const repeated = await ask({ form: 'grant_type=client_credentials&grant_type=client_credentials' });
  const json = await ask({ headers: { 'Content-Type': 'application/json' } });
  expect([repeated.status, repeated.body.error]).toEqual([400, 'invalid_request']);
  expect([json.status, json.body.error]).toEqual([400, 'invalid_request']);
});

test("too many requests of one client are 400 in the platform's words, until the minute is over", async () => {
  const clock = manualClock();
  const simulator = createSimulator({ clock, tokenRequestsPerMinute: 2 });
  await ask({}, simulator);
  await ask({ authorization: basic('sim-client', 'wrong') }, simulator);
  const refused = await ask({}, simulator);
  expect(refused.status).toBe(400);
  expect(refused.body.error).toBe('invalid_request');
  expect(refused.body.description).toMatch(/^rate limit exceeded/);
  clock.advance(60_000);
  expect((await ask({}, simulator)).status).toBe(200);
});

test('every issue is counted, refusals are not', async () => {
  const simulator = createSimulator();
  await ask({}, simulator);
  await ask({ authorization: null }, simulator);
  expect(simulator.stats()).toMatchObject({ tokenRequests: 2, tokensIssued: 1, rejectedByStatus: { 401: 1 } });
});
