import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerptOf } from './response-excerpt.ts';

const of = (text: string) => excerptOf(Buffer.from(text));

test('plain text is kept as it is', () => {
  expect(of('{"error":"unknown tenant","name":"Zoë 🎫"}')).toBe('{"error":"unknown tenant","name":"Zoë 🎫"}');
  expect(of('')).toBeUndefined();
});

test('nothing that could forge a line or hide text is kept as it is', () => {
  expect(of('one\r\ntwo\tthree')).toBe('one\\u{d}\\u{a}two\\u{9}three');
  expect(of('a long enough line with \u001b[31mred')).toBe('a long enough line with \\u{1b}[31mred');
  expect(of('a\u2028b\u202ec\u200bd\u{e0041}e')).toBe('a\\u{2028}b\\u{202e}c\\u{200b}d\\u{e0041}e');
});

test('at most 2,048 bytes are kept, and no character is cut', () => {
  expect(of('x'.repeat(20_000))).toBe('x'.repeat(2_048));
  expect(of('🎫'.repeat(5_000))).toBe('🎫'.repeat(512));
  expect(of(`x${'🎫'.repeat(5_000)}`)).toBe(`x${'🎫'.repeat(511)}`);
  expect(of('\n'.repeat(5_000))).toBe('\\u{a}'.repeat(409));
});

test('a few broken sequences are replaced', () => {
  const body = Buffer.concat([Buffer.from('mostly plain text, '), Buffer.from([0xff]), Buffer.from(' that is')]);
  expect(excerptOf(body)).toBe('mostly plain text, \ufffd that is');
});

test('what looks binary is not kept', () => {
  expect(excerptOf(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]))).toBeUndefined();
  expect(of('text with a NUL \0 in it')).toBeUndefined();
  expect(excerptOf(Buffer.from('89504e470d0a1a0affd8ffe1', 'hex'))).toBeUndefined();
});

test('whatever comes, the excerpt is short and shows no control character', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 4_096 }), fc.string({ unit: 'binary' })), (body) => {
      const excerpt = excerptOf(typeof body === 'string' ? Buffer.from(body) : body) ?? '';
      expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(2_048);
      expect(excerpt).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
