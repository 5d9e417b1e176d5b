import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { ShortTokens } from '../messaging/short-tokens.ts';
import type { SeededRandom } from '../random.ts';

const grantsRemembered = 10_000;

/** Who signed in, and where. */
export interface SignedIn {
  readonly account: string;
  /** Of the deployment, never its alias. */
  readonly deploymentId: string;
}

export type JwtCheck =
  | ({ readonly ok: true } & SignedIn)
  | { readonly ok: false; readonly reason: 'bad' | 'expired' | 'revoked' };

export type Refreshed =
  | ({ readonly ok: true; readonly jwt: string } & SignedIn)
  | { readonly ok: false; readonly reason: 'bad' | 'expired' };

/** What the platform gave to guests who signed in: JWTs, and what they are refreshed with. */
export interface Grants {
  /** Begins one. Without `refreshable` there is no refresh token. */
  begin(who: SignedIn, refreshable: boolean): { readonly jwt: string; readonly refreshToken?: string };
  /** Gives another JWT, and no other refresh token. `deploymentId` must be that of the grant where it is told. */
  refresh(refreshToken: string, deploymentId: string | undefined): Refreshed;
  check(jwt: string): JwtCheck;
  /** Ends every grant of an account at a deployment. */
  revoke(who: SignedIn): void;
  readonly begun: number;
}

export interface GrantsOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly jwts: ShortTokens;
  readonly refreshTokenSeconds: number;
}

interface Grant extends SignedIn {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly refreshableUntil: number;
  revoked: boolean;
}

export function createGrants({ clock, random, jwts, refreshTokenSeconds }: GrantsOptions): Grants {
  const byId = createBoundedMap<Grant>(grantsRemembered);
  const byRefreshToken = createBoundedMap<Grant>(grantsRemembered);
  let begun = 0;
  return {
    begin({ account, deploymentId }, refreshable) {
      begun += 1;
      const refreshableUntil = clock.now() + refreshTokenSeconds * 1000;
      const grant = { id: random.uuid(), account, deploymentId, refreshableUntil, revoked: false };
      byId.set(grant.id, grant);
      const { token: jwt } = jwts.issue('guest', grant.id);
      if (!refreshable) return { jwt };
      const refreshToken = random.token();
      byRefreshToken.set(refreshToken, grant);
      return { jwt, refreshToken };
    },
    refresh(refreshToken, deploymentId) {
      const grant = byRefreshToken.get(refreshToken);
      if (!grant || grant.revoked || (deploymentId !== undefined && deploymentId !== grant.deploymentId)) {
        return { ok: false, reason: 'bad' };
      }
      if (clock.now() >= grant.refreshableUntil) return { ok: false, reason: 'expired' };
      const { account, deploymentId: at } = grant;
      return { ok: true, jwt: jwts.issue('guest', grant.id).token, account, deploymentId: at };
    },
    check(jwt) {
      const check = jwts.check('guest', jwt);
      if (!check.ok) return check;
      const grant = byId.get(check.subject);
      if (!grant) return { ok: false, reason: 'bad' };
      if (grant.revoked) return { ok: false, reason: 'revoked' };
      return { ok: true, account: grant.account, deploymentId: grant.deploymentId };
    },
    revoke(who) {
      for (const grant of byId.values()) {
        if (grant.account === who.account && grant.deploymentId === who.deploymentId) grant.revoked = true;
      }
    },
    get begun() {
      return begun;
    },
  };
}
