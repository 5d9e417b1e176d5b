import { expect, test } from 'vitest';
import { readIdempotencyKey } from './idempotency-key.ts';

const key = '8e03978e-40d5-43e8-bc93-6894a57f9324';

test('a key is read bare and quoted alike', () => {
  expect(readIdempotencyKey(key)).toEqual({ ok: true, key });
  expect(readIdempotencyKey(`"${key}"`)).toEqual({ ok: true, key });
  expect(readIdempotencyKey(null)).toEqual({ ok: true, key: null });
  for (const length of [16, 128]) expect(readIdempotencyKey('k'.repeat(length))).toMatchObject({ ok: true });
});

test('a request without a key is refused where one is required', () => {
  expect(readIdempotencyKey(null, true)).toMatchObject({ ok: false, error: { code: 'idempotency_key_invalid' } });
  expect(readIdempotencyKey(key, true)).toEqual({ ok: true, key });
});

test.each([
  ['empty', ''],
  ['15 characters', 'k'.repeat(15)],
  ['129 characters', 'k'.repeat(129)],
  ['unterminated', `"${key}`],
  ['half quoted', `${key}"`],
  ['an empty string', '""'],
  ['two headers', `${key}, ${key}`],
  ['with parameters', `"${key}";a=1`],
  ['with a space', 'key with spaces in it'],
  ['with a line break', `${key}\n`],
  ['with control characters', `${key}\u0000`],
  ['not ASCII', 'schlüssel-schlüssel-schlüssel'],
  ['an escape', `"${key}\\""`],
])('a key that is %s is refused', (_name, header) => {
  expect(readIdempotencyKey(header)).toMatchObject({ ok: false, error: { code: 'idempotency_key_invalid' } });
});
