import * as z from 'zod/mini';
import { line } from './line.ts';

/**
 * What the platform answers for a sign-in, and for the refresh of one, which as a rule brings no new refresh token
 * (`WebDeploymentsAuthorizationResponse` and `SignedData` in its published SDK documentation). Unknown fields are ignored.
 * The JWT is a bearer token (RFC 6750 section 2.1), because it has to stand in a header.
 */
export const jwtGrantedSchema = z.object({
  jwt: z.string().check(z.maxLength(8192), z.regex(/^[\w.~+/-]+=*$/)),
  refreshToken: z.nullish(line(4096)),
});
