export {
  type ClientCredentials,
  type IssuedToken,
  isTokenRateLimit,
  requestClientCredentials,
} from './lib/oauth/client-credentials.ts';
export type { OAuthClient } from './lib/oauth/client-tokens.ts';
export { createTokenProvider, type TokenProvider, type TokenProviderOptions } from './lib/oauth/token-provider.ts';
