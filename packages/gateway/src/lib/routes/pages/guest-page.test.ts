import { hash } from 'node:crypto';
import { resolveEnvironment } from 'guestpass';
import { expect, test } from 'vitest';
import { createGuestPage } from './guest-page.ts';
import { consolePolicy, guestPolicy } from './page-policy.ts';

const platform = resolveEnvironment('http://127.0.0.1:4010');

async function configOf(options: Parameters<typeof createGuestPage>[0]) {
  const route = createGuestPage(options).find(([path]) => path === '/guest/config.json');
  return await (await route?.[1](new Request('http://gateway.test/guest/config.json')))?.json();
}

test('the page is told the notice, and its version is the hash of that very text', async () => {
  const notice = 'We keep what you write.';
  expect(await configOf({ platform, notice, channelId: 'demo' })).toEqual({
    channelId: 'demo',
    notice: { text: notice, version: `sha256-${hash('sha256', notice, 'hex').slice(0, 16)}` },
  });
});

test('without a notice of its own a gateway has one, and names no channel', async () => {
  expect(await configOf({ platform })).toEqual({
    channelId: null,
    notice: { text: expect.stringContaining('erase'), version: expect.stringMatching(/^sha256-[0-9a-f]{16}$/) },
  });
});

test('in Genesys Cloud guests reach messaging, API and files of their region, and nothing else', () => {
  const policy = guestPolicy(resolveEnvironment('euc2'));
  expect(policy).toContain("connect-src 'self' https://*.euc2.pure.cloud wss://*.euc2.pure.cloud");
  expect(policy).toContain("default-src 'none'");
});

test('anywhere else guests reach the one host that answers everything', () => {
  expect(guestPolicy(resolveEnvironment('https://platform.example:8443/base'))).toContain(
    "connect-src 'self' https://platform.example:8443 wss://platform.example:8443",
  );
});

test('the console reaches its own listener alone', () => {
  expect(consolePolicy).toContain("connect-src 'self';");
  expect(consolePolicy).not.toContain('unsafe');
});
