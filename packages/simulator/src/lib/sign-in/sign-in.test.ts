import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { SimulatorOptions } from '../settings.ts';
import { createSimulator, type Simulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { readJson } from '../testing/requests.ts';
import { codeVerifier, redirectUri, siteAt } from '../testing/site.ts';

const auth = { demo: { auth: {} }, 'your-channel-id': { auth: {} } };

async function opened(options: SimulatorOptions = {}) {
  const clock = manualClock();
  const simulator = createSimulator({ clock, deployments: auth, ...options });
  const { url } = await simulator.listen();
  return { simulator, clock, url, site: siteAt(url, fetch), [Symbol.asyncDispose]: () => disposal(simulator) };
}

function disposal(simulator: Simulator) {
  return simulator[Symbol.asyncDispose]();
}

test('a code becomes a JWT and a refresh token, once', async () => {
  await using on = await opened();
  const { site } = on;
  const back = await site.signIn('ann', { nonce: 'n-1' });
  const oauth = { code: back.get('code'), redirectUri, codeVerifier, nonce: 'n-1', iss: back.get('iss'), maxAge: 60 };
  const first = await site.exchange({ oauth });
  expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(await first.json()).toEqual({
    jwt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    refreshToken: expect.any(String),
  });
  const again = await site.exchange({ oauth });
  expect(again.status).toBe(401);
  expect(await again.json()).toMatchObject({ status: 401, code: 'bad.credentials', contextId: expect.any(String) });
  expect(on.simulator.stats()).toMatchObject({ exchangeRequests: 2, guestsSignedIn: 1, rejectedByStatus: { 401: 1 } });
});

test('signing in by HTTP alone goes as the README prints it', async () => {
  await using on = await opened();
  const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const [, commands = ''] = /```sh\n(JAR=[^`]*)```/.exec(readme) ?? [];
  const { stdout } = await promisify(execFile)('bash', ['-ec', `${commands}rm "$JAR"`], {
    env: { SIM: on.url, PATH: process.env.PATH },
  });
  expect(JSON.parse(stdout)).toEqual({ jwt: expect.any(String), refreshToken: expect.any(String) });
});

test('an ID token becomes a JWT without a refresh token', async () => {
  await using on = await opened();
  const back = await on.site.signIn('ann', { response_type: 'id_token', nonce: 'n-1' });
  const oauth = { idToken: back.get('id_token'), nonce: 'n-1' };
  expect(await readJson(await on.site.exchange({ oauth }))).toEqual({ jwt: expect.any(String) });
  expect((await on.site.exchange({ oauth: { ...oauth, nonce: 'n-2' } })).status).toBe(401);
  const [head, body] = String(oauth.idToken).split('.');
  const forged = `${head}.${body}.${Buffer.alloc(256).toString('base64url')}`;
  expect((await on.site.exchange({ oauth: { idToken: forged } })).status).toBe(401);
  expect((await on.site.exchange({ oauth: { idToken: 'not one' } })).status).toBe(401);
});

test('what the provider did not give, or gave for other words, is 401', async () => {
  await using on = await opened();
  const attempt = async (change: object) => {
    const code = (await on.site.signIn('ann')).get('code');
    return (await on.site.exchange({ oauth: { code, redirectUri, codeVerifier, ...change } })).status;
  };
  expect(await attempt({ code: 'invented' })).toBe(401);
  expect(await attempt({ codeVerifier: 'x'.repeat(43) })).toBe(401);
  expect(await attempt({ codeVerifier: undefined })).toBe(401);
  expect(await attempt({ redirectUri: 'http://127.0.0.1:4100/elsewhere' })).toBe(401);
  expect(await attempt({ iss: 'https://elsewhere.example' })).toBe(401);
  expect(await attempt({ nonce: 'never asked for' })).toBe(401);
  expect(await attempt({})).toBe(200);
});

test('faults of shape are 400 with every field, and what is not JSON is 415', async () => {
  await using on = await opened();
  const refused = async (oauth: object, deploymentId = 'demo') => {
    const body = await readJson(await on.site.exchange({ oauth, deploymentId }));
    return [body.status, body.details];
  };
  expect(await refused({})).toEqual([400, [{ errorCode: 'required', fieldName: 'oauth.code' }]]);
  expect(await refused({ code: 'c', idToken: 'i', redirectUri })).toMatchObject([400, [{ fieldName: 'oauth.code' }]]);
  expect(await refused({ code: 'c' })).toMatchObject([400, [{ fieldName: 'oauth.redirectUri' }]]);
  expect(await refused({ code: 'c', redirectUri, codeVerifier: 'short' }, '')).toMatchObject([
    400,
    [{ fieldName: 'deploymentId' }, { fieldName: 'oauth.codeVerifier', errorCode: 'invalid.value' }],
  ]);
  expect((await on.site.refresh({})).status).toBe(400);
  expect((await on.site.exchange({ headers: { 'Content-Type': 'text/plain' } })).status).toBe(415);
});

test('deployments that are unknown, disabled, or offer no signing in are 404 and 403', async () => {
  await using on = await opened({ deployments: {} });
  const statusAt = async (deploymentId: string) =>
    (await on.site.exchange({ deploymentId, oauth: { idToken: 'any' } })).status;
  expect([await statusAt('nowhere'), await statusAt('disabled'), await statusAt('demo')]).toEqual([404, 403, 403]);
});

test('a JWT is good for fifteen minutes, and refreshed for a day', async () => {
  await using on = await opened();
  const { jwt, refreshToken } = await on.site.jwtOf('ann');
  on.clock.advance(900_000);
  const late = await on.site.revoke(jwt);
  expect(await late.json()).toMatchObject({ status: 401, code: 'credentials.expired' });
  const refreshed = await readJson(await on.site.refresh({ refreshToken, deploymentId: 'demo' }));
  expect(refreshed).toEqual({ jwt: expect.any(String) });
  expect((await on.site.refresh({ refreshToken })).status).toBe(200);
  expect((await on.site.refresh({ refreshToken, deploymentId: 'your-channel-id' })).status).toBe(401);
  expect((await on.site.refresh({ refreshToken, deploymentId: 'nowhere' })).status).toBe(404);
  on.clock.advance(86_400_000 - 900_000);
  const over = await on.site.refresh({ refreshToken });
  expect(await over.json()).toMatchObject({ status: 401, code: 'credentials.expired' });
});

test('what is revoked is good for nothing any more', async () => {
  await using on = await opened();
  const { jwt, refreshToken } = await on.site.jwtOf('ann');
  const other = await on.site.jwtOf('ann', 'your-channel-id');
  expect((await on.site.revoke(jwt)).status).toBe(204);
  expect((await on.site.revoke(jwt)).status).toBe(401);
  expect((await on.site.refresh({ refreshToken })).status).toBe(401);
  expect((await on.site.refresh({ refreshToken: other.refreshToken })).status).toBe(200);
  expect((await on.site.revoke('invented')).status).toBe(401);
  const bare = new Request(`${on.url}/api/v2/webdeployments/token/revoke`, { method: 'DELETE' });
  expect(await (await fetch(bare)).json()).toMatchObject({ code: 'authentication.required' });
});

test('too many requests of one deployment are 429, and faults are met by operation', async () => {
  await using on = await opened({ limits: { signInRequestsPerMinute: 2 } });
  const { jwt, refreshToken } = await on.site.jwtOf('ann');
  expect((await on.site.refresh({ refreshToken, deploymentId: 'demo' })).status).toBe(200);
  const busy = await on.site.revoke(jwt);
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '60']);
  on.clock.advance(60_000);
  on.simulator.faults.add({ operation: 'exchange', status: 500 });
  on.simulator.faults.add({ operation: 'refresh', status: 401 });
  on.simulator.faults.add({ operation: 'revoke', status: 503 });
  const statuses = [await on.site.exchange({}), await on.site.refresh({}), await on.site.revoke(jwt)];
  expect(statuses.map(({ status }) => status)).toEqual([500, 401, 503]);
  expect(JSON.stringify(on.simulator.requests)).not.toContain(refreshToken);
  expect((await on.site.revoke(jwt)).status).toBe(204);
});

test('pages of allowed origins may ask, and others may not', async () => {
  const shop = 'https://shop.example';
  const deployments = { demo: { auth: {}, allowedOrigins: [shop] }, 'your-channel-id': { allowedOrigins: [shop] } };
  await using on = await opened({ deployments, channels: { demo: 'active', 'your-channel-id': 'active' } });
  const path = `${on.url}/api/v2/webdeployments/token/oauthcodegrantjwtexchange`;
  const preflight = (Origin: string) => fetch(path, { method: 'OPTIONS', headers: { Origin } });
  const allowed = 'access-control-allow-origin';
  const welcome = await preflight(shop);
  expect([welcome.status, welcome.headers.get(allowed)]).toEqual([204, shop]);
  expect(welcome.headers.get('access-control-allow-methods')).toContain('DELETE');
  expect((await preflight('https://elsewhere.example')).headers.get(allowed)).toBeNull();
  const asked = async (origin: string) => {
    const response = await on.site.exchange({ oauth: { idToken: 'no' }, headers: { Origin: origin } });
    return [response.status, response.headers.get(allowed)];
  };
  expect(await asked(shop)).toEqual([401, shop]);
  expect(await asked('https://elsewhere.example')).toEqual([403, null]);
  const wrongMethod = await fetch(path);
  expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
});

test('with no port open the provider cannot be asked, and after a reset nobody is known', async () => {
  await using simulator = createSimulator({ deployments: auth });
  const port = await simulator.listen();
  const site = siteAt(port.url, fetch);
  const { refreshToken } = await site.jwtOf('ann');
  const code = (await site.signIn('ann')).get('code');
  simulator.reset();
  expect((await site.refresh({ refreshToken })).status).toBe(401);
  expect((await site.exchange({ oauth: { code, redirectUri, codeVerifier } })).status).toBe(401);
  await port.close();
  const off = siteAt('http://simulator.test', (url, init) => simulator.fetch(new Request(url, init)));
  expect((await off.exchange({ oauth: { code, redirectUri, codeVerifier } })).status).toBe(503);
});
