import type { ApiError } from '../api-error.ts';
import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';

const tokensRemembered = 10_000;

/** What an access token stands for. */
export interface Grant {
  readonly accessToken: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type Bearer = { readonly ok: true; readonly grant: Grant } | { readonly ok: false; readonly error: ApiError };

/** The access tokens given out. */
export interface Tokens {
  issue(clientId: string, scopes: readonly string[]): Grant;
  /** Checks an `Authorization` header (RFC 6750 section 2.1; the scheme in any case). */
  check(authorization: string | undefined): Bearer;
  readonly issued: number;
}

export interface TokensOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly lifetimeSeconds: number;
}

export function createTokens({ clock, random, lifetimeSeconds }: TokensOptions): Tokens {
  const grants = createBoundedMap<Grant>(tokensRemembered);
  let issued = 0;
  return {
    issue(clientId, scopes) {
      const expiresAt = clock.now() + lifetimeSeconds * 1000;
      const grant = { accessToken: random.token(), clientId, scopes, lifetimeSeconds, expiresAt };
      grants.set(grant.accessToken, grant);
      issued += 1;
      return grant;
    },
    check(authorization) {
      if (authorization === undefined) return rejected('authentication.required', 'No authentication bearer token.');
      const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
      const grant = token === undefined ? undefined : grants.get(token);
      if (!grant) return rejected('bad.credentials', 'Invalid login credentials.');
      if (clock.now() >= grant.expiresAt) return rejected('credentials.expired', 'The access token has expired.');
      return { ok: true, grant };
    },
    get issued() {
      return issued;
    },
  };
}

function rejected(code: string, message: string): Bearer {
  return { ok: false, error: { status: 401, code, message, headers: { 'WWW-Authenticate': 'Bearer' } } };
}
