import * as z from 'zod';
import { line } from './line.ts';

/**
 * What the platform answers for a sign-in, and for the refresh of one, which as a rule brings no new refresh token
 * (`WebDeploymentsAuthorizationResponse` and `SignedData` in its published SDK documentation). Unknown fields are ignored.
 * The JWT is a bearer token (RFC 6750 section 2.1), because it has to stand in a header.
 */
export const jwtGrantedSchema = z.object({
  jwt: z
    .string()
    .max(8192)
    .regex(/^[\w.~+/-]+=*$/),
  refreshToken: line(4096).nullish(),
});
