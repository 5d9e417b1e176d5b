import { expect, test } from 'vitest';
import { createSimulator } from '../simulator.ts';
import { codeVerifier, redirectUri, siteAt } from '../testing/site.ts';

test('the provider describes itself', async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const found = await fetch(`${url}/_oidc/.well-known/openid-configuration`);
  expect(await found.json()).toMatchObject({
    issuer: `${url}/_oidc`,
    authorization_endpoint: `${url}/_oidc/auth`,
    token_endpoint: `${url}/_oidc/token`,
    jwks_uri: `${url}/_oidc/jwks`,
    code_challenge_methods_supported: ['S256'],
  });
  const jwks = await fetch(`${url}/_oidc/jwks`);
  expect(await jwks.json()).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig' }] });
});

test('any account signs in by a form without a password, and comes back with a code', async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const { authorizeUrl, browser, locationOf } = siteAt(url, fetch);
  const guest = browser();
  const form = locationOf(await guest.get(authorizeUrl({ login_hint: '"><b>ann' })));
  const page = await guest.get(form);
  const said = await page.text();
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(said).toContain('<form method="post">');
  expect(said).toContain('value="&quot;&gt;&lt;b&gt;ann"');
  const resume = locationOf(await guest.submit(form, { account: 'ann' }));
  const back = new URL(locationOf(await guest.get(resume)));
  expect(`${back.origin}${back.pathname}`).toBe(redirectUri);
  expect(Object.fromEntries(back.searchParams)).toEqual({
    code: expect.any(String),
    state: 'its-state',
    iss: `${url}/_oidc`,
  });
});

test('no name and too long a name are asked for again, and a form of nobody is over', async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const { authorizeUrl, browser, locationOf } = siteAt(url, fetch);
  const guest = browser();
  const form = locationOf(await guest.get(authorizeUrl()));
  expect((await guest.submit(form, { account: ' ' })).status).toBe(400);
  expect((await guest.submit(form, { account: 'x'.repeat(256) })).status).toBe(400);
  expect((await guest.submit(form, { account: 'x'.repeat(5000) })).status).toBe(400);
  expect((await browser().get(form)).status).toBe(400);
  expect((await guest.submit(form, { account: 'ann' })).status).toBe(303);
});

test('without PKCE, to an address that is not the site’s, or for another client there is no code', async () => {
  await using simulator = createSimulator({ signIn: { redirectUris: ['https://shop.example/back'] } });
  const { url } = await simulator.listen();
  const { authorizeUrl, browser, locationOf } = siteAt(url, fetch);
  const ask = (more: Record<string, string>) => browser().get(authorizeUrl(more));
  const home = { redirect_uri: 'https://shop.example/back' };
  expect((await ask({})).status).toBe(400);
  expect((await ask({ ...home, client_id: 'stranger' })).status).toBe(400);
  const unproved = await ask({ ...home, code_challenge: '', code_challenge_method: '' });
  expect(new URL(locationOf(unproved)).searchParams.get('error')).toBe('invalid_request');
  expect((await ask(home)).headers.get('location')).toMatch(/^\/_oidc\/interaction\//);
});

test('a code is forgotten on the clock of the simulator', async () => {
  let now = Date.parse('2024-01-15T10:30:00Z');
  await using simulator = createSimulator({ clock: { now: () => now, after: () => () => {} } });
  const { url } = await simulator.listen();
  const { signIn } = siteAt(url, fetch);
  const redeem = async (code: string | null) => {
    const form = { grant_type: 'authorization_code', code: code ?? '', redirect_uri: redirectUri };
    return fetch(`${url}/_oidc/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from('sim-site:sim-site-secret').toString('base64')}` },
      body: new URLSearchParams({ ...form, code_verifier: codeVerifier }),
    });
  };
  const [early, late] = [await signIn('ann'), await signIn('ann')];
  expect(await (await redeem(early.get('code'))).json()).toMatchObject({ id_token: expect.any(String) });
  expect((await redeem(early.get('code'))).status).toBe(400);
  now += 60_000;
  expect((await redeem(late.get('code'))).status).toBe(400);
});

test('off a port there is no provider', async () => {
  await using simulator = createSimulator();
  const response = await simulator.fetch(new Request('http://simulator.test/_oidc/auth'));
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('on a port alone');
});

test('addresses and spans that cannot be meant are refused', () => {
  expect(() => createSimulator({ signIn: { redirectUris: ['http://shop.example/'] } })).toThrow('redirectUris');
  expect(() => createSimulator({ signIn: { redirectUris: ['https://shop.example/#there'] } })).toThrow('redirectUris');
  expect(() => createSimulator({ signIn: { redirectUris: [] } })).toThrow('redirectUris');
  expect(() => createSimulator({ signIn: { jwtSeconds: 0 } })).toThrow('jwtSeconds');
});
