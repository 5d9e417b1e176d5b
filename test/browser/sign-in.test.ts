import { createHash, randomBytes } from 'node:crypto';
import { createSimulator } from '@guestpass/simulator';
import { createGuestpass } from 'guestpass';
import { beforeAll, expect, test } from 'vitest';
import type { GuestPage } from './pages/guest.ts';
import { bundle, serveSite } from './support/site.ts';
import { useBrowser } from './support/use-browser.ts';

// A visitor signs in on the provider's own page, and the site's page takes the code it brings back to the platform.

const browser = useBrowser();
let script: string;

beforeAll(async () => {
  script = await bundle('guest');
}, 60_000);

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

test('a guest talks, signs in at the provider, goes on as the account, and signs out', async () => {
  const site = browser.use(await serveSite(script));
  const { origin } = site;
  const auth = { allowSessionUpgrade: true };
  const deployments = { demo: { auth, allowedOrigins: [origin] } };
  const simulator = browser.use(createSimulator({ seed: 1, botDelayMs: 1, deployments }));
  const { url } = await simulator.listen();
  await using guests = createGuestpass({ environment: url, issuer: 'web-messaging', origin });
  const pass = await guests.authenticate(payload);

  const page = await browser.page();
  const connect = () =>
    page.evaluateHandle(
      // The page's script put it there.
      (given) => (globalThis as unknown as { guestPage: GuestPage }).guestPage.connect(given),
      pass,
    );
  await page.goto(origin);
  const before = await connect();
  await before.evaluate(({ session }) => session.send('before'));

  const codeVerifier = randomBytes(32).toString('base64url');
  const redirectUri = `${origin}/callback`;
  const asked = new URLSearchParams({
    client_id: 'sim-site',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  await page.goto(`${url}/_oidc/auth?${asked}`);
  await page.getByLabel('Account').fill('ann');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${redirectUri}?**`);
  const { searchParams } = new URL(page.url());
  const [code, iss] = [searchParams.get('code') ?? '', searchParams.get('iss') ?? ''];

  const after = await connect();
  await after.evaluate(({ session }, signIn) => session.signIn(signIn), { code, redirectUri, codeVerifier, iss });
  await after.evaluate(({ session }) => session.send('after'));
  const texts = await after.evaluate(({ session }) => session.transcript.map(({ text }) => text));
  expect(texts.filter((text) => !text.startsWith('Echo'))).toEqual(['before', 'after']);
  expect(await after.evaluate(({ session }) => session.signedIn)).toMatchObject({ jwt: expect.any(String) });
  expect(simulator.stats()).toMatchObject({ guestsSignedIn: 1 });

  await after.evaluate(({ session }) => session.signOut());
  await page.waitForFunction(({ session }) => session.state === 'signed-out', after);
  const revoked = simulator.requests.filter(({ operation, method }) => operation === 'revoke' && method === 'DELETE');
  expect(revoked).toMatchObject([{ status: 204 }]);
});
