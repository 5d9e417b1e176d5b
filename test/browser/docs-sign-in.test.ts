import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// An operator reads the reference in a browser, which cannot send a bearer token by itself.

const browser = useBrowser();
let stage: ConsoleStage;

beforeAll(async () => {
  stage = await openConsoleStage();
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

/** Pages of the listener answer 401 until somebody has signed in. */
const notSignedIn = [/401 \(Unauthorized\)/];
const docs = () => `${stage.service.operatorUrl}/docs`;
const reference = { name: 'Guestpass gateway', exact: true };

test('a token in the fragment signs the browser in, and is gone from the address', async () => {
  const page = await browser.page({ expected: notSignedIn });
  await page.goto(`${docs()}#token=${stage.token}`);
  await page.getByRole('navigation', { name: 'Contents' }).waitFor();
  expect(page.url()).toBe(docs());
  // In the page itself, whose globals this program does not have.
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
  const cookies = await page.context().cookies();
  expect(cookies).toMatchObject([{ name: 'guestpass_operator', httpOnly: true, sameSite: 'Strict', path: '/' }]);
  expect(JSON.stringify(cookies)).not.toContain(stage.token);
  await page.goto(`${stage.service.operatorUrl}/openapi.json`);
  expect(await page.content()).toContain('openapi');
});

test('where operators sign in at a provider, its way in stands beside the form', async () => {
  const page = await browser.page({ expected: notSignedIn });
  await page.goto(docs());
  const link = page.getByRole('link', { name: /^Sign in with 127\.0\.0\.1:\d+$/ });
  await link.waitFor();
  expect(await link.getAttribute('href')).toBe('/v1/operator-sign-in/start');
});

test('the form says when the token is wrong, and opens the page when it is right', async () => {
  const page = await browser.page({ expected: notSignedIn });
  await page.goto(docs());
  await page.getByLabel('Operator token').fill('wrong-token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This is not the token.').waitFor();
  await page.getByLabel('Operator token').fill(stage.token);
  await page.getByLabel('Operator token').press('Enter');
  await page.getByRole('navigation', { name: 'Contents' }).waitFor();
  expect(await page.getByRole('heading', reference).count()).toBe(1);
});

test('a page on another port can neither read nor change anything with the operator’s cookie', async () => {
  const page = await browser.page({ expected: [...notSignedIn, /403 \(Forbidden\)/] });
  await page.goto(`${docs()}#token=${stage.token}`);
  await page.getByRole('navigation', { name: 'Contents' }).waitFor();

  const { operatorUrl } = stage.service;
  await using other = await openSite(`
    <form method="post" action="${operatorUrl}/v1/audit/verifications"><button>Change</button></form>
    <a href="${operatorUrl}/v1/attempts">Read</a>`);
  const clicked = async (role: 'button' | 'link', path: string) => {
    await page.goto(other.url);
    const answered = page.waitForResponse(`${operatorUrl}${path}`);
    await page.getByRole(role).click();
    const response = await answered;
    return [response.status(), (await response.request().allHeaders()).cookie?.includes('guestpass_operator=')];
  };
  // The browser sends the cookie, for another port is the same site; the gateway looks who asks.
  expect(await clicked('button', '/v1/audit/verifications')).toEqual([403, true]);
  expect(await clicked('link', '/v1/attempts')).toEqual([403, true]);
});

/** A page of somebody else on this machine. */
async function openSite(body: string) {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // It listens on a port, so it has such an address.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
