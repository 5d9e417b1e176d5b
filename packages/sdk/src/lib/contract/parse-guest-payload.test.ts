import { expect, test } from 'vitest';
import { parseGuestPayload } from './parse-guest-payload.ts';

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

test('an instant has no more digits than anybody needs', () => {
  const at = (digits: number) => ({ accepted: true, timestamp: `2024-01-15T10:30:00.${'1'.repeat(digits)}Z` });
  expect(parseGuestPayload({ ...tutorial, consent: at(24) }).ok).toBe(true);
  expect(parseGuestPayload({ ...tutorial, consent: at(1_000_000) })).toEqual({
    ok: false,
    faults: [{ pointer: '/consent/timestamp', detail: 'must have at most 64 characters' }],
  });
});

test('what was parsed stays as it was, whatever becomes of the object it came from', () => {
  const tags = ['a', { deep: 1 }];
  const attributes: Record<string, unknown> = { origin: 'shop', tags };
  const parsed = parseGuestPayload({ ...tutorial, attributes });
  attributes.origin = 'changed';
  attributes.extra = 'x'.repeat(10_000);
  tags.push('b');
  Object.assign(tags[1] as object, { deep: 2 });
  expect(parsed).toMatchObject({ ok: true, payload: { attributes: { origin: 'shop', tags: ['a', { deep: 1 }] } } });
  expect(parsed.ok && Object.keys(parsed.payload.attributes ?? {})).toEqual(['origin', 'tags']);
});

test('attributes are sent as they were judged: nothing in them says how to write them', () => {
  const list = Object.assign(['seen'], { toJSON: () => 'unseen' });
  const hidden = Object.defineProperty({ seen: true }, 'toJSON', { value: () => 'unseen', enumerable: false });
  const parsed = parseGuestPayload({ ...tutorial, attributes: { list, hidden } });
  expect(parsed.ok && JSON.stringify(parsed.payload.attributes)).toBe('{"list":["seen"],"hidden":{"seen":true}}');
});

const redirectUri = 'https://shop.example.test/callback';
const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

test('a sign-in is a code with the address it was sent to, or an ID token', () => {
  const good = (signIn: unknown) => parseGuestPayload({ ...tutorial, signIn }).ok;
  expect(good({ code: 'c', redirectUri, codeVerifier, nonce: 'n', iss: 'https://id.example.test' })).toBe(true);
  expect(good({ idToken: 'a.b.c' })).toBe(true);
  expect(good({ idToken: 'a.b.c', redirectUri, nonce: 'n' })).toBe(true);
});

test('a sign-in that cannot be exchanged is refused, and nothing of it is repeated', () => {
  const faults = (signIn: unknown) => {
    const result = parseGuestPayload({ ...tutorial, signIn });
    return result.ok ? [] : result.faults;
  };
  expect(faults({})).toEqual([{ pointer: '/signIn', detail: 'must hold either a code or an ID token' }]);
  expect(faults({ code: 'c', idToken: 'a.b.c', redirectUri })).toMatchObject([{ pointer: '/signIn' }]);
  expect(faults({ code: 'c' })).toEqual([{ pointer: '/signIn/redirectUri', detail: 'is required with a code' }]);
  expect(faults({ code: 'c', redirectUri, codeVerifier: 'to-hide' })).toMatchObject([
    { pointer: '/signIn/codeVerifier' },
  ]);
  expect(faults({ code: 'to-hide\n', redirectUri })).toMatchObject([{ pointer: '/signIn/code' }]);
  expect(faults({ code: 7, redirectUri })).toMatchObject([{ pointer: '/signIn/code', detail: 'must be a string' }]);
  expect(faults({ code: 'c', redirectUri, maxAge: 60 })).toMatchObject([{ pointer: '/signIn/maxAge' }]);
  expect(faults('to-hide')).toEqual([{ pointer: '/signIn', detail: 'must be an object' }]);
  expect(JSON.stringify([faults({ code: 'to-hide\n' }), faults('to-hide')])).not.toContain('to-hide');
});
