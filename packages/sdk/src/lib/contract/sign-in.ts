import * as z from 'zod/mini';
import { objectFault } from './faults.ts';
import { line } from './line.ts';

/** RFC 7636 section 4.1. */
const codeVerifier = z
  .string({ error: 'must be a string' })
  .check(
    z.regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must be 43 to 128 letters, digits, dots, dashes, underscores or tildes'),
  );

/**
 * What a guest brings from the site's own OpenID provider: an authorization code with the address it was sent to and,
 * where one was used, the PKCE verifier (RFC 7636), or an ID token instead of a code. Every field but the addresses is a
 * secret. Unknown fields are refused. Whether it is good, the platform asks the provider.
 */
export const signInSchema = z
  .strictObject(
    {
      code: z.optional(line(4096)),
      idToken: z.optional(line(16_384)),
      /** As the provider was asked with it; needed with a code. */
      redirectUri: z.optional(line(2048)),
      codeVerifier: z.optional(codeVerifier),
      nonce: z.optional(line(512)),
      /** Issuer, as the provider's answer named it (RFC 9207). */
      iss: z.optional(line(2048)),
    },
    { error: objectFault },
  )
  .check(({ value: { code, idToken, redirectUri }, issues }) => {
    const fault = (path: string[], message: string) =>
      issues.push({ code: 'custom', path, message, input: undefined, continue: true });
    if ((code === undefined) === (idToken === undefined)) fault([], 'must hold either a code or an ID token');
    else if (code !== undefined && redirectUri === undefined) fault(['redirectUri'], 'is required with a code');
  });

/** What the site's OpenID provider gave for a guest: a code, or an ID token. */
export type SignIn = z.infer<typeof signInSchema>;
