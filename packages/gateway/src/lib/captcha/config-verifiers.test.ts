import type { CaptchaAnswer } from 'guestpass/captcha';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { readGatewayConfig } from '../settings/config.ts';
import { type ConfiguredVerifiersOptions, configuredVerifiers } from './config-verifiers.ts';

/** What becomes of an answer that the provider vouches for in these words, by the configuration. */
async function verdictOn(
  provider: 'recaptcha' | 'hcaptcha' | 'turnstile',
  variables: Readonly<Record<string, string>>,
  { reply = {}, channelId }: { readonly reply?: object; readonly channelId?: string },
) {
  const secret = `GUESTPASS_${provider.toUpperCase()}_SECRET`;
  const config = readGatewayConfig(
    { GUESTPASS_TARGET: 'simulator', [secret]: 's'.repeat(40), ...variables },
    { readFile: () => expect.unreachable('no file is named') },
  );
  const body = new TextEncoder().encode(JSON.stringify({ success: true, ...reply }));
  const verifiers = configuredVerifiers(config.captcha, {
    clock: manualClock(),
    exchange: async () => ({ status: 200, headers: { 'content-type': 'application/json' }, body }),
  });
  const answer: CaptchaAnswer = { response: 'answer-of-the-visitor', ...(channelId !== undefined && { channelId }) };
  const verdict = await verifiers[provider]?.verify(answer, {});
  return verdict?.verdict === 'rejected' ? verdict.reason : verdict?.verdict;
}

const hosts = { GUESTPASS_CAPTCHA_HOSTNAMES: 'www.example.com, shop=Shop.example.com' };
const made = (hostname: string) => ({ reply: { hostname } });

test('captchas of a site count for every channel, and those of the site of one channel for that one alone', async () => {
  expect(await verdictOn('turnstile', hosts, { ...made('www.example.com'), channelId: 'chat' })).toBe('passed');
  expect(await verdictOn('turnstile', hosts, { ...made('www.example.com'), channelId: 'shop' })).toBe('passed');
  expect(await verdictOn('turnstile', hosts, { ...made('shop.example.com'), channelId: 'shop' })).toBe('passed');
  expect(await verdictOn('turnstile', hosts, { ...made('shop.example.com'), channelId: 'chat' })).toBe(
    'wrong_hostname',
  );
  expect(await verdictOn('turnstile', hosts, made('shop.example.com'))).toBe('wrong_hostname');
  expect(await verdictOn('recaptcha', hosts, { ...made('evil.example'), channelId: 'shop' })).toBe('wrong_hostname');
  expect(await verdictOn('hcaptcha', hosts, { channelId: 'shop' })).toBe('wrong_hostname');
  expect(await verdictOn('hcaptcha', {}, made('evil.example'))).toBe('passed');
});

test('a captcha that was solved for another action is refused where providers know actions', async () => {
  const action = { GUESTPASS_CAPTCHA_ACTION: 'chat' };
  expect(await verdictOn('turnstile', action, { reply: { action: 'chat' } })).toBe('passed');
  expect(await verdictOn('turnstile', action, { reply: { action: 'sign-up' } })).toBe('wrong_action');
  expect(await verdictOn('recaptcha', action, { reply: {} })).toBe('wrong_action');
  expect(await verdictOn('hcaptcha', action, { reply: {} })).toBe('passed');
});

test('a provider is asked with the secret that is in force, and only with one that is fit for use', async () => {
  const [first, second] = ['a', 'b'].map((letter) => letter.repeat(40)) as [string, string];
  const { captcha } = readGatewayConfig(
    { GUESTPASS_TARGET: 'simulator', GUESTPASS_HCAPTCHA_SECRET: first, GUESTPASS_CAPTCHA_HOSTNAMES: 'www.example.com' },
    { readFile: () => expect.unreachable('no file is named') },
  );
  const sent: (string | null)[] = [];
  const body = new TextEncoder().encode(JSON.stringify({ success: true, hostname: 'www.example.com' }));
  const means: Pick<ConfiguredVerifiersOptions, 'clock' | 'exchange'> = {
    clock: manualClock(),
    exchange: async (request) => {
      sent.push(new URLSearchParams(String(request.body)).get('secret'));
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    },
  };
  let secrets = captcha;
  const verifiers = configuredVerifiers(captcha, { ...means, secretsNow: () => secrets });
  expect(Object.keys(verifiers)).toEqual(['hcaptcha']);
  const ask = async () => (await verifiers.hcaptcha?.verify({ response: 'answer-of-the-visitor' }, {}))?.verdict;
  expect(await ask()).toBe('passed');
  secrets = { ...captcha, hcaptchaSecret: second };
  expect(await ask()).toBe('passed');
  expect(sent).toEqual([first, second]);
  const published = { ...captcha, turnstileSecret: '1x0000000000000000000000000000000AA' };
  expect(() => configuredVerifiers(published, means)).toThrow('for trials');
});
