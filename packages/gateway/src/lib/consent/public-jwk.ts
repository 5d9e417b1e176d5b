import { createPublicKey, hash, type KeyObject } from 'node:crypto';

/** A public key as others take it: a JSON Web Key (RFC 7517, RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** The 32 bytes of the key, base64url. */
  readonly x: string;
  /** The thumbprint of the key (RFC 7638). */
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/** Writes the public half of an Ed25519 key. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return jwkOf(Buffer.from(x, 'base64url'));
}

/** Writes 32 bytes as a key. */
export function jwkOf(bytes: Uint8Array): PublicJwk {
  const x = Buffer.from(bytes).toString('base64url');
  // Members in this order, and no others: that is the thumbprint.
  const kid = hash('sha256', JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}

/** Reads what {@link jwkOf} wrote. */
export function keyOf({ kty, crv, x }: PublicJwk): KeyObject {
  return createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
}
