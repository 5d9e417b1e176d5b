import { type KeyObject, verify } from 'node:crypto';
import * as z from 'zod';

const headerSchema = z.looseObject({ alg: z.literal('RS256') });

const claimsSchema = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  nonce: z.string().optional(),
  auth_time: z.number().optional(),
});

/** What an ID token must say to be believed. */
export interface Expected {
  readonly publicKey: KeyObject;
  readonly issuers: readonly string[];
  readonly clientId: string;
  /** Not compared when absent. */
  readonly nonce: string | undefined;
  /** Seconds since the guest signed in, at most. */
  readonly maxAge: number | undefined;
  /** Milliseconds since the epoch, by the clock of the provider. */
  readonly now: number;
}

/** Returns the account an ID token names, or `undefined` when it is not to be believed (OpenID Connect Core 3.1.3.7). */
export function accountOf(idToken: string, expected: Expected): string | undefined {
  const [header, payload, signature, rest] = idToken.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest !== undefined) return undefined;
  const signed = Buffer.from(`${header}.${payload}`);
  if (!headerSchema.safeParse(decode(header)).success) return undefined;
  if (!verify('RSA-SHA256', signed, expected.publicKey, Buffer.from(signature, 'base64url'))) return undefined;
  const claims = claimsSchema.safeParse(decode(payload));
  return claims.success && isExpected(claims.data, expected) ? claims.data.sub : undefined;
}

function isExpected(claims: z.infer<typeof claimsSchema>, expected: Expected): boolean {
  const { issuers, clientId, nonce, maxAge } = expected;
  const now = expected.now / 1000;
  const since = claims.auth_time ?? Number.NEGATIVE_INFINITY;
  return (
    issuers.includes(claims.iss) &&
    [claims.aud].flat().includes(clientId) &&
    now < claims.exp &&
    (nonce === undefined || claims.nonce === nonce) &&
    (maxAge === undefined || now - since <= maxAge)
  );
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
