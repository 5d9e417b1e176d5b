import { generateKeyPairSync, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCompact, signCompact } from './compact-jws.ts';
import { jwkOf, keyOf, publicJwk } from './public-jwk.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signed = signCompact('{"a":1}', 'test+jws', { kid: 'key-1', privateKey });
const encoded = (header: unknown) => Buffer.from(JSON.stringify(header)).toString('base64url');

test('a signature is what RFC 7515 and RFC 8037 say: Ed25519 over the two encoded parts as they stand', () => {
  const [header = '', payload = '', signature = ''] = signed.split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    alg: 'EdDSA',
    kid: 'key-1',
    typ: 'test+jws',
  });
  expect(Buffer.from(payload, 'base64url').toString()).toBe('{"a":1}');
  const input = Buffer.from(`${header}.${payload}`, 'ascii');
  expect(verify(null, input, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(signCompact('{"a":1}', 'test+jws', { kid: 'key-1', privateKey })).toBe(signed);
});

test('what was signed is read back, and holds for its key alone', () => {
  const jws = parseCompact(signed);
  expect(jws).toMatchObject({ header: { kid: 'key-1', typ: 'test+jws' }, payload: '{"a":1}' });
  expect(jws?.isSignedBy(publicKey)).toBe(true);
  expect(jws?.isSignedBy(generateKeyPairSync('ed25519').publicKey)).toBe(false);
});

test('other algorithms, further headers and other ways to write the same bytes are refused', () => {
  const [, payload = '', signature = ''] = signed.split('.');
  const withHeader = (header: unknown) => parseCompact(`${encoded(header)}.${payload}.${signature}`);
  expect(withHeader({ alg: 'none', kid: 'key-1', typ: 'test+jws' })).toBeUndefined();
  expect(withHeader({ alg: 'HS256', kid: 'key-1', typ: 'test+jws' })).toBeUndefined();
  expect(withHeader({ alg: 'EdDSA', kid: 'key-1', typ: 'test+jws', crit: ['x'] })).toBeUndefined();
  expect(withHeader([])).toBeUndefined();
  expect(parseCompact(`${signed}=`)).toBeUndefined();
  expect(parseCompact(`${signed}.${signature}`)).toBeUndefined();
  expect(parseCompact(signed.replace(/\.[^.]*$/, '.'))).toBeUndefined();
});

test('a single changed character is noticed', () => {
  void fc.assert(
    fc.property(fc.nat(signed.length - 1), fc.constantFrom(...'AQgw_-z09.'), (at, character) => {
      const changed = signed.slice(0, at) + character + signed.slice(at + 1);
      fc.pre(changed !== signed);
      expect(parseCompact(changed)?.isSignedBy(publicKey) ?? false).toBe(false);
    }),
  );
});

test('a public key has the name that RFC 8037 has for it', () => {
  // RFC 8037, appendices A.2 and A.3.
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const jwk = jwkOf(Buffer.from(x, 'base64url'));
  expect(jwk).toMatchObject({ kty: 'OKP', crv: 'Ed25519', x, kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' });
  expect(keyOf(publicJwk(privateKey)).equals(publicKey)).toBe(true);
});
