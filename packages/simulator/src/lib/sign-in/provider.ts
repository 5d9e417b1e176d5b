import { generateKeyPairSync } from 'node:crypto';
import Provider, { type JWK } from 'oidc-provider';
import type { ProviderStore } from './provider-store.ts';
import type { SignInSite } from './site.ts';

/** Where the provider stands on its port. */
export const providerPath = '/_oidc';

/** The key pair ID tokens are signed with (RS256). */
export type SigningKeys = ReturnType<typeof createSigningKeys>;

/** Makes a fresh pair, whatever the seed. */
export function createSigningKeys() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly site: SignInSite;
  readonly store: ProviderStore;
  readonly keys: SigningKeys;
  /** Signs the cookies. */
  readonly cookieKey: string;
}

const minuteSeconds = 60;
const hourSeconds = 3600;

/**
 * An OpenID provider (OpenID Connect Core 1.0) with one client, the site: authorization code with PKCE (RFC 7636), or an
 * ID token alone. Every account there could be exists. What it signs and reads of time is the machine's.
 */
export function createProvider({ issuer, site, store, keys, cookieKey }: ProviderOptions): Provider {
  // `export` of an RSA key gives the members that a JWK of `oidc-provider` names.
  const key = { ...keys.privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' } as JWK;
  return new Provider(issuer, {
    adapter: store,
    jwks: { keys: [key] },
    cookies: { keys: [cookieKey] },
    clients: [
      {
        client_id: site.clientId,
        client_secret: site.clientSecret,
        redirect_uris: [...site.redirectUris],
        // Loopback addresses may differ in their port (RFC 8252 section 7.3).
        application_type: 'native',
        grant_types: ['authorization_code', 'implicit'],
        response_types: ['code', 'id_token'],
        require_auth_time: true,
      },
    ],
    responseTypes: ['code', 'id_token'],
    scopes: ['openid', 'profile'],
    claims: { openid: ['sub'], profile: ['name'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `${providerPath}/interaction/${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, name: accountId }) }),
    ttl: {
      AccessToken: hourSeconds,
      AuthorizationCode: minuteSeconds,
      Grant: 24 * hourSeconds,
      IdToken: hourSeconds,
      Interaction: hourSeconds,
      Session: 24 * hourSeconds,
    },
    renderError(ctx, { error, error_description: detail }) {
      ctx.type = 'json';
      ctx.body = JSON.stringify({ error, ...(detail !== undefined && { error_description: detail }) });
    },
  });
}
