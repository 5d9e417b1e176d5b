import { expect, test } from 'vitest';
import { composePayload } from './payload-input.ts';

const now = '2026-01-15T10:30:00.000Z';
const stored = {
  channelId: 'demo',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z', language: 'en' },
  captcha: { provider: 'recaptcha', response: 'answer', score: 0.9 },
  attributes: { origin: 'file' },
};

test('consent is never assumed: without payload and flag it is refused', () => {
  expect(composePayload({ flags: { channel: 'demo' }, now })).toEqual({
    channelId: 'demo',
    consent: { accepted: false, timestamp: now },
  });
  expect(composePayload({ flags: { consentTimestamp: '2024-01-15T10:30:00Z' }, now })).toEqual({
    consent: { accepted: false, timestamp: '2024-01-15T10:30:00Z' },
  });
});

test('consent by flag is given now, or when the other flag says', () => {
  expect(composePayload({ flags: { consent: true }, now })).toEqual({ consent: { accepted: true, timestamp: now } });
  expect(composePayload({ flags: { consent: true, consentTimestamp: '2024-01-15T10:30:00Z' }, now })).toEqual({
    consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  });
});

test('a payload without flags stays as it is', () => {
  expect(composePayload({ flags: {}, text: JSON.stringify(stored), channelId: 'other', now })).toEqual(stored);
  expect(composePayload({ flags: {}, text: '{"channelId":"demo"}', now })).toEqual({ channelId: 'demo' });
  expect(composePayload({ flags: { channel: 'demo' }, text: '[1]', now })).toEqual([1]);
});

test('flags win over the payload, field by field', () => {
  const flags = { channel: 'web', consent: true, captchaScore: 0.4, attribute: { vip: 'yes' } };
  expect(composePayload({ flags, text: JSON.stringify(stored), now })).toEqual({
    channelId: 'web',
    consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z', language: 'en' },
    captcha: { provider: 'recaptcha', response: 'answer', score: 0.4 },
    attributes: { origin: 'file', vip: 'yes' },
  });
});

test('the configured channel serves a payload that names none', () => {
  expect(composePayload({ flags: {}, text: '{}', channelId: 'demo', now })).toEqual({ channelId: 'demo' });
});

test('broken JSON is told without quoting it', () => {
  expect(() => composePayload({ flags: {}, text: '{"response": hunter2}', now })).toThrow(
    expect.objectContaining({ code: 'body_invalid', message: expect.not.stringContaining('hunter2') }),
  );
});

test('a sign-in from its own file takes the place of that in the payload', () => {
  const text = JSON.stringify({ ...stored, signIn: { code: 'old' } });
  const signInText = '{"code":"new","redirectUri":"https://shop.example/callback"}';
  expect(composePayload({ flags: {}, text, signInText, now })).toEqual({
    ...stored,
    signIn: { code: 'new', redirectUri: 'https://shop.example/callback' },
  });
  expect(() => composePayload({ flags: {}, signInText: '{hunter2', now })).toThrow(
    expect.objectContaining({ code: 'body_invalid', detail: 'The sign-in is not JSON.' }),
  );
});
