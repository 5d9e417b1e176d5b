export {
  type ClientCredentials,
  type IssuedToken,
  isTokenRateLimit,
  requestClientCredentials,
} from './lib/oauth/client-credentials.ts';
export type { OAuthClient } from './lib/oauth/client-tokens.ts';
export {
  createOpenIdSignIn,
  type ExpectedSignIn,
  type OpenIdSignIn,
  type OpenIdSignInOptions,
  type SignInBegun,
  type SignInFinished,
} from './lib/oauth/open-id-sign-in.ts';
export { createTokenProvider, type TokenProvider, type TokenProviderOptions } from './lib/oauth/token-provider.ts';
