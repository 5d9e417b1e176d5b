import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { columns, fingerprint, jsonDocument, printable, shortened } from './text.ts';

test('what could move the cursor or forge a line is shown as escapes', () => {
  expect(printable('a\u001b[31mb\nc\u202e\u009b')).toBe('a\\u001b[31mb\\u000ac\\u202e\\u009b');
  expect(printable('Grüße 👋')).toBe('Grüße 👋');
  expect(printable('\u{e0041}')).toBe('\\udb40\\udc41');
});

test('a JSON document is harmless to a terminal and still says the same', () => {
  void fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      const document = jsonDocument({ value, text });
      expect(JSON.parse(document)).toEqual(JSON.parse(JSON.stringify({ value, text })));
      expect(document).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('a secret shows its last four characters, and none when it is short', () => {
  expect(shortened('0123456789abcdef')).toBe('…cdef');
  expect(shortened('sim-secret')).toBe('…');
});

test('columns are as wide as their longest label', () => {
  expect(
    columns([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toBe('  a     1\n  long  2\n');
});

test('a secret is told apart by the beginning of its hash', () => {
  expect(fingerprint('sim-secret')).toBe('*** sha256:7a32254e');
  expect(fingerprint('')).not.toBe(fingerprint(' '));
});
