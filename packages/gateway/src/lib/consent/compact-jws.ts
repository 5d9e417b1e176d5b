import { type KeyObject, sign, verify } from 'node:crypto';

/** Names a key that signs. */
export interface SigningKey {
  readonly kid: string;
  /** Ed25519. */
  readonly privateKey: KeyObject;
}

export interface JwsHeader {
  readonly kid: string;
  /** What the payload is; one kind is not taken for another. */
  readonly typ: string;
}

/** Signs in the compact form of JWS (RFC 7515) with Ed25519 (`EdDSA`, RFC 8037). The same input gives the same text. */
export function signCompact(payload: string, typ: string, { kid, privateKey }: SigningKey): string {
  const header = JSON.stringify({ alg: 'EdDSA', kid, typ });
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** A signature in compact form, read and not yet checked. */
export interface CompactJws {
  readonly header: JwsHeader;
  readonly payload: string;
  /** True when the signature was made with this key. */
  isSignedBy(publicKey: KeyObject): boolean;
}

/** Reads what {@link signCompact} may have written; `undefined` for anything else, other algorithms and headers included. */
export function parseCompact(text: string): CompactJws | undefined {
  const [header, payload, signature, ...more] = text.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return undefined;
  const bytes = [header, payload, signature].map(bytesOf);
  const [headerBytes, payloadBytes, signatureBytes] = bytes;
  if (!headerBytes || !payloadBytes || signatureBytes?.length !== 64) return undefined;
  const read = headerOf(headerBytes);
  return (
    read && {
      header: read,
      payload: payloadBytes.toString(),
      isSignedBy: (publicKey) => verify(null, Buffer.from(`${header}.${payload}`), publicKey, signatureBytes),
    }
  );
}

function headerOf(bytes: Buffer): JwsHeader | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 3) return undefined;
    if (!('alg' in value && 'kid' in value && 'typ' in value) || value.alg !== 'EdDSA') return undefined;
    const { kid, typ } = value;
    return typeof kid === 'string' && typeof typ === 'string' ? { kid, typ } : undefined;
  } catch {
    return undefined;
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** Only one way to write the bytes counts. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
