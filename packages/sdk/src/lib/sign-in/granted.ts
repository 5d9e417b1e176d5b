import type { SignedIn } from '../contract/guest-pass.ts';
import { jwtGrantedSchema } from '../contract/jwt-granted.ts';
import type { HttpResponse, Try } from '../http/exchange.ts';
import { readAnswer } from './answer.ts';
import { unusableAnswer } from './sign-in-refusal.ts';

/** A sign-in that the platform took. */
export interface Granted {
  readonly signedIn: SignedIn;
  /** Each try it took, oldest first. */
  readonly tries: readonly Try[];
}

/**
 * Reads what the platform granted. `nowMs` is our wall clock.
 *
 * @throws GuestpassError `platform_response_invalid` for everything but a JSON object with a JWT.
 */
export function readGranted(answer: HttpResponse, nowMs: number): Granted {
  const granted = jwtGrantedSchema.safeParse(readAnswer(answer));
  if (!granted.success) throw unusableAnswer(answer);
  const { jwt, refreshToken } = granted.data;
  const expiresAt = new Date(expiryOf(jwt, nowMs)).toISOString();
  return { signedIn: { jwt, refreshToken: refreshToken ?? null, expiresAt }, tries: answer.tries ?? [] };
}

/** The platform grants 15 minutes; one is left for clocks and ways. */
const assumedMs = 14 * 60_000;
/** A refresh token is good for 90 days at most, and no JWT outlives it. */
const longestMs = 90 * 86_400_000;

/**
 * When a JWT ends, in milliseconds since the Unix epoch. Its claims are documented nowhere: an `exp` (RFC 7519 section
 * 4.1.4) that makes sense is believed, and else the usual life is assumed.
 */
function expiryOf(jwt: string, nowMs: number): number {
  const claims = claimsOf(jwt);
  const at = typeof claims === 'object' && claims !== null && 'exp' in claims ? Number(claims.exp) * 1000 : Number.NaN;
  return at > nowMs && at <= nowMs + longestMs ? at : nowMs + assumedMs;
}

function claimsOf(jwt: string): unknown {
  const [, payload = ''] = jwt.split('.');
  try {
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return undefined;
  }
}
