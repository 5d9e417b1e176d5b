import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { generateWebhookSecret, parseWebhookSecret } from './secret.ts';

const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

test('24 to 64 bytes make a secret, and no others', () => {
  for (const bytes of [24, 25, 32, 64]) {
    expect(parseWebhookSecret(secretOf(bytes)).export()).toEqual(Buffer.alloc(bytes, 7));
  }
  for (const bytes of [0, 1, 23, 65, 100]) {
    expect(() => parseWebhookSecret(secretOf(bytes))).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  }
});

test('the prefix and the padding may be left out', () => {
  const key = parseWebhookSecret(secretOf(32));
  expect(parseWebhookSecret(secretOf(32).slice('whsec_'.length)).equals(key)).toBe(true);
  expect(parseWebhookSecret(secretOf(32).replace('=', '')).equals(key)).toBe(true);
});

test('what is not base64 is no secret', () => {
  for (const text of [
    '',
    'whsec_',
    'whsec_not base64 at all, but long enough to be one',
    `${secretOf(32)}\n`,
    ` ${secretOf(32)}`,
    `${secretOf(32)}=`,
    `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`,
    secretOf(32).replace('whsec_', 'whsk_'),
  ]) {
    expect(() => parseWebhookSecret(text)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  }
});

test('neither a refused secret nor a parsed one shows itself', () => {
  const text = 'whsec_c2hvcnQ=';
  expect(() => parseWebhookSecret(text)).not.toThrow(/c2hvcnQ/);
  const secret = generateWebhookSecret();
  expect(inspect(parseWebhookSecret(secret), { depth: 9, showHidden: true })).not.toContain(secret.slice(6, 20));
});

test('generated secrets are usable and differ', () => {
  expect(generateWebhookSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(parseWebhookSecret(generateWebhookSecret()).symmetricKeySize).toBe(32);
  expect(new Set(Array.from({ length: 100 }, generateWebhookSecret)).size).toBe(100);
});
