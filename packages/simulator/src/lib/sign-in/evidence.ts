import { type ApiError, apiErrorFor } from '../api-error.ts';
import { systemClock } from '../clock.ts';
import { accountOf } from './id-token.ts';
import { issuerAt, type OpenIdProvider } from './openid-provider.ts';
import { type ProviderPort, redeemCode } from './redeem.ts';
import type { Evidence } from './sign-in-request.ts';
import type { SignInSite } from './site.ts';

export type Judged = { readonly ok: true; readonly account: string } | { readonly ok: false; readonly error: ApiError };

export interface JudgeOptions {
  readonly site: SignInSite;
  readonly provider: OpenIdProvider;
  /** The ports the provider answers on, the newest last. */
  readonly ports: () => readonly ProviderPort[];
}

/** Learns from the provider which account a guest signed in with. */
export function createJudge({ site, provider, ports }: JudgeOptions): (evidence: Evidence) => Promise<Judged> {
  return async ({ code, idToken, redirectUri = '', codeVerifier, nonce, maxAge, iss }) => {
    const known = ports();
    const port = iss === undefined ? known.at(-1) : known.find(({ url }) => issuerAt(url) === iss);
    if (port === undefined) return known.length === 0 ? unreachable : notBelieved;
    const believed = code === undefined ? idToken : await redeemCode(port, { code, redirectUri, codeVerifier }, site);
    if (believed === undefined) return notBelieved;
    const account = accountOf(believed, {
      publicKey: provider.publicKey(),
      issuers: (iss === undefined ? known : [port]).map(({ url }) => issuerAt(url)),
      clientId: site.clientId,
      nonce,
      maxAge,
      // The provider signs by the machine's clock.
      now: systemClock.now(),
    });
    return account === undefined ? notBelieved : { ok: true, account };
  };
}

const notBelieved: Judged = {
  ok: false,
  error: { ...apiErrorFor(401), message: 'The identity provider did not accept the sign-in.' },
};

const unreachable: Judged = {
  ok: false,
  error: { ...apiErrorFor(503), message: 'The identity provider answers on a port alone, and none is open.' },
};
