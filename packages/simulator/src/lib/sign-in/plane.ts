import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hono } from 'hono';
import { type ApiError, apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import type { SimulatorClock } from '../clock.ts';
import type { Deployments } from '../messaging/deployment.ts';
import { createShortTokens } from '../messaging/short-tokens.ts';
import { createRandom } from '../random.ts';
import { createRateWindows } from '../rate-window.ts';
import { createJudge } from './evidence.ts';
import { createGrants, type JwtCheck, type SignedIn } from './grants.ts';
import { createOpenIdProvider } from './openid-provider.ts';
import { providerPath } from './provider.ts';
import type { ProviderPort } from './redeem.ts';
import { createSignIn } from './sign-in.ts';
import type { SignInSite } from './site.ts';

/** Signing in: the site's OpenID provider on a port, and what the platform makes of its codes. */
export interface SignInPlane {
  /** The platform's side. `logOut` tells every connection of an account that it is signed out. */
  createApp(logOut: (who: SignedIn) => void): Hono<AskedEnv>;
  /** Whose JWT it is. */
  check(jwt: string): JwtCheck;
  /** The provider's side: answers what is asked under `/_oidc` of a port, and returns whether this was. */
  take(incoming: IncomingMessage, outgoing: ServerResponse, baseUrl: string): boolean;
  /** Guests who signed in. */
  readonly count: number;
}

export interface SignInPlaneOptions {
  readonly clock: SimulatorClock;
  readonly seed: string;
  readonly signIn: SignInSite;
  readonly deployments: Deployments;
  readonly limits: { readonly signInRequestsPerMinute: number };
}

/** `ports` tells where the provider answers, the newest last. */
export function createSignInPlane(options: SignInPlaneOptions, ports: () => readonly ProviderPort[]): SignInPlane {
  const { clock, seed, signIn: site, deployments, limits } = options;
  const random = (stream: string) => createRandom(seed, `sign-in ${stream}`);
  const { jwtSeconds: goodForSeconds, refreshTokenSeconds } = site;
  const jwts = createShortTokens({ clock, random: random('jwts'), goodForSeconds });
  const grants = createGrants({ clock, random: random('grants'), jwts, refreshTokenSeconds });
  const provider = createOpenIdProvider({ clock, random: random('cookies'), site });
  return {
    createApp(logOut) {
      const rates = createRateWindows(clock, limits.signInRequestsPerMinute);
      const judge = createJudge({ site, provider, ports });
      const app = createSignIn({ deployments, grants, rates, judge, logOut });
      app.all(`${providerPath}/*`, (c) => apiErrorResponse(onPortsAlone, c.env.correlationId));
      return app;
    },
    check: grants.check,
    take: provider.take,
    get count() {
      return grants.begun;
    },
  };
}

const onPortsAlone: ApiError = { ...apiErrorFor(404), message: 'The OpenID provider answers on a port alone: listen.' };
