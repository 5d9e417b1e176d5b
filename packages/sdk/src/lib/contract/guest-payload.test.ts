import { expect, test } from 'vitest';
import { parseGuestPayload } from './guest-payload.ts';

const tutorial = {
  channelId: 'your-channel-id',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25...', score: 0.9 },
  attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
};

test("the tutorial's own payload is accepted as it is", () => {
  expect(parseGuestPayload(tutorial)).toEqual({ ok: true, payload: tutorial });
});

test('every fault is reported at once, each with its pointer', () => {
  const result = parseGuestPayload({
    consent: { accepted: 'yes', timestamp: '2024-02-30T00:00:00Z' },
    captcha: { provider: '', response: 'x', score: 1.5 },
    atributes: {},
  });
  expect(result).toEqual({
    ok: false,
    faults: expect.arrayContaining([
      { pointer: '/channelId', detail: expect.any(String) },
      { pointer: '/consent/accepted', detail: 'must be true or false' },
      { pointer: '/consent/timestamp', detail: expect.stringContaining('ISO 8601') },
      { pointer: '/captcha/provider', detail: 'must not be empty' },
      { pointer: '/captcha/score', detail: 'must be at most 1' },
      { pointer: '/atributes', detail: 'is not a known field' },
    ]),
  });
});
