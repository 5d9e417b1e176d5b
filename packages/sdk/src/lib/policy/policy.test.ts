import { expect, test } from 'vitest';
import { refuseCaptcha } from './captcha.ts';
import { refuseChannel } from './channel.ts';
import { type ConsentPolicy, refuseConsent, refuseNotice } from './consent.ts';

const now = Date.parse('2024-01-15T10:30:00Z');
const given = (timestamp: string) => ({ accepted: true, timestamp });
const minutes = 60_000;

test('consent that was not accepted is refused, however fresh', () => {
  const refusal = refuseConsent({ accepted: false, timestamp: '2024-01-15T10:30:00Z' }, {}, now);
  expect(refusal).toMatchObject({ code: 'consent_required', retryable: false });
});

test('without a freshness policy consent of any age stands', () => {
  expect(refuseConsent(given('1999-01-01T00:00:00Z'), {}, now)).toBeUndefined();
  expect(refuseConsent(given('2999-01-01T00:00:00Z'), {}, now)).toBeUndefined();
});

test('consent is stale one millisecond after the allowed age, whatever its zone', () => {
  const policy = { maxAgeMs: 15 * minutes };
  expect(refuseConsent(given('2024-01-15T12:15:00+02:00'), policy, now)).toBeUndefined();
  expect(refuseConsent(given('2024-01-15T12:14:59.999+02:00'), policy, now)?.code).toBe('consent_timestamp_stale');
});

test('consent may be ahead of our clock by the allowed skew and no more', () => {
  const policy = { maxSkewMs: 60_000 };
  expect(refuseConsent(given('2024-01-15T10:31:00Z'), policy, now)).toBeUndefined();
  expect(refuseConsent(given('2024-01-15T10:31:00.001Z'), policy, now)?.code).toBe('consent_timestamp_future');
});

test('a consent to a notice that the channel does not have is refused; unless somebody asks, any notice will do', () => {
  const asked = (noticeVersion?: string) => ({
    channelId: 'shop',
    consent: { ...given('2024-01-15T10:30:00Z'), ...(noticeVersion !== undefined && { noticeVersion }) },
  });
  const policy: ConsentPolicy = {
    isKnownNotice: ({ channelId, consent }) => channelId === 'shop' && consent.noticeVersion === '2024-01',
  };
  expect(refuseNotice(asked('2024-01'), policy)).toBeUndefined();
  expect(refuseNotice(asked('2023-12'), policy)).toMatchObject({ code: 'consent_notice_unknown', retryable: false });
  expect(refuseNotice(asked(), policy)?.detail).toBe('The consent does not say to which notice it was given.');
  expect(refuseNotice(asked(), {})).toBeUndefined();
});

test('a channel off the list is refused; without a list every channel passes', () => {
  expect(refuseChannel('web', new Set(['web']))).toBeUndefined();
  expect(refuseChannel('sms', new Set(['web']))?.code).toBe('channel_not_allowed');
  expect(refuseChannel('sms', new Set())?.code).toBe('channel_not_allowed');
  expect(refuseChannel('sms', undefined)).toBeUndefined();
});

test('an optional captcha may be absent or without score, but a low score is refused', () => {
  const captcha = { provider: 'recaptcha', response: 'x' };
  expect(refuseCaptcha(undefined, {})).toBeUndefined();
  expect(refuseCaptcha(captcha, {})).toBeUndefined();
  expect(refuseCaptcha({ ...captcha, score: 0.5 }, {})).toBeUndefined();
  expect(refuseCaptcha({ ...captcha, score: 0.49 }, {})?.code).toBe('captcha_score_too_low');
  expect(refuseCaptcha({ ...captcha, score: 0.8 }, { threshold: 0.9 })?.code).toBe('captcha_score_too_low');
});

test('a required captcha can be left out neither whole nor by its score', () => {
  const captcha = { provider: 'recaptcha', response: 'x' };
  expect(refuseCaptcha(undefined, { mode: 'required' })?.code).toBe('captcha_required');
  expect(refuseCaptcha(captcha, { mode: 'required' })?.code).toBe('captcha_required');
  expect(refuseCaptcha({ ...captcha, score: 0.9 }, { mode: 'required' })).toBeUndefined();
});

test('a refusal never repeats the captcha answer', () => {
  const refusal = refuseCaptcha({ provider: 'recaptcha', response: 'answer-to-hide', score: 0.1 }, {});
  expect(JSON.stringify(refusal)).not.toContain('answer-to-hide');
});
