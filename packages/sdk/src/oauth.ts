export {
  type ClientCredentials,
  type IssuedToken,
  isTokenRateLimit,
  requestClientCredentials,
} from './lib/oauth/client-credentials.ts';
export { createTokenProvider, type TokenProvider, type TokenProviderOptions } from './lib/oauth/token-provider.ts';
