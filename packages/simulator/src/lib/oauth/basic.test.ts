import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBasic } from './basic.ts';

const encode = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const formEncode = (text: string) => new URLSearchParams({ x: text }).toString().slice(2);

test('reads what a client wrote by RFC 6749, whatever characters id and secret hold', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (id, secret) => {
      expect(parseBasic(encode(`${formEncode(id)}:${formEncode(secret)}`))).toEqual({ id, secret });
    }),
  );
});

test('reads plain credentials, a colon in the secret, and the scheme in any case', () => {
  expect(parseBasic(encode('sim-client:sim-secret'))).toEqual({ id: 'sim-client', secret: 'sim-secret' });
  expect(parseBasic(encode('id:a:b'))).toEqual({ id: 'id', secret: 'a:b' });
  expect(parseBasic(encode('id:s').replace('Basic', 'bAsIc'))).toEqual({ id: 'id', secret: 's' });
});

test('anything else is no credentials', () => {
  expect(parseBasic(undefined)).toBeUndefined();
  expect(parseBasic('')).toBeUndefined();
  expect(parseBasic('Bearer abc')).toBeUndefined();
  expect(parseBasic('Basic ***')).toBeUndefined();
  expect(parseBasic(encode('no colon'))).toBeUndefined();
  expect(parseBasic(encode('bad%zz:secret'))).toBeUndefined();
  expect(parseBasic(encode('id:bad%zz'))).toBeUndefined();
});
