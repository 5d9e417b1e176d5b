import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type Client,
  ClientSecretBasic,
  ClientSecretPost,
  calculatePKCECodeChallenge,
  checkProtocol,
  customFetch,
  type DiscoveryRequestOptions,
  discoveryRequest,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  getValidatedIdTokenClaims,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  processUserInfoResponse,
  userInfoRequest,
  validateAuthResponse,
} from 'oauth4webapi';
import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError } from '../http/exchange.ts';

/** Which provider a site signs people in at, and as whom. */
export interface OpenIdSignInOptions {
  /** The provider, as its ID tokens name it: `https`, or `http` on a loopback address. */
  readonly issuer: string;
  readonly clientId: string;
  /** Asked for each sign-in, so that it may change. */
  readonly clientSecret: () => string;
  /** Default `openid profile email`. */
  readonly scope?: string;
  /** Claims that are looked for in the answer of the UserInfo endpoint when the ID token has them not. Default none. */
  readonly claims?: readonly string[];
  readonly exchange: Exchange;
  readonly clock: Clock;
}

/** What the browser's way back must agree with. A secret of one browser: the site keeps it for that one alone. */
export interface ExpectedSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/** Where the browser goes, or why it cannot: `unavailable` when the provider gave no usable answer. */
export type SignInBegun =
  | { readonly outcome: 'begun'; readonly url: string; readonly expected: ExpectedSignIn }
  | { readonly outcome: 'unavailable'; readonly failure: string };

/**
 * Who signed in, as the provider's claims tell it. `refused`: what came back is not what was begun, or the provider said
 * no. `unavailable`: it gave no usable answer. `failure` is one word, of the protocol or of ours, never a token.
 */
export type SignInFinished =
  | { readonly outcome: 'signed_in'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly outcome: 'refused' | 'unavailable'; readonly failure: string };

/** Signing in at an OpenID provider. Neither step ever rejects. */
export interface OpenIdSignIn {
  begin(redirectUri: string): Promise<SignInBegun>;
  /** `answer` is the query that the browser came back with. */
  finish(answer: URLSearchParams, expected: ExpectedSignIn): Promise<SignInFinished>;
}

/** How long what a provider says of itself is believed. */
const metadataMs = 600_000;
const deadlineMs = 10_000;

/**
 * Signs people in by OpenID Connect Core 1.0 section 3.1, the authorization code with PKCE (RFC 7636), `state`, `nonce` and
 * `iss` (RFC 9207). The ID token comes from the provider itself over TLS, which proves it (section 3.1.3.7, item 6). No
 * token is kept or handed out. Throws `config_invalid` for an issuer that is not `https`.
 */
export function createOpenIdSignIn(options: OpenIdSignInOptions): OpenIdSignIn {
  const { clientId, clientSecret, scope = 'openid profile email', claims: wanted = [], clock } = options;
  const issuer = checkedIssuer(options.issuer);
  const client: Client = { client_id: clientId };
  const isPlain = issuer.protocol === 'http:';
  const means = { [allowInsecureRequests]: isPlain, [customFetch]: fetchBy(options) };
  const discover = createDiscovery({ issuer, means, clock });

  const claimsOf = async (server: AuthorizationServer, answer: URLSearchParams, expected: ExpectedSignIn) => {
    const { redirectUri, codeVerifier, nonce } = expected;
    const post = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') === false;
    const auth = (post ? ClientSecretPost : ClientSecretBasic)(clientSecret());
    const granted = await processAuthorizationCodeResponse(
      server,
      client,
      await authorizationCodeGrantRequest(server, client, auth, answer, redirectUri, codeVerifier, means),
      { expectedNonce: nonce, requireIdToken: true },
    );
    const claims = getValidatedIdTokenClaims(granted);
    if (!claims) throw new TypeError('An ID token that is required has claims.');
    if (!server.userinfo_endpoint || wanted.every((name) => name in claims)) return claims;
    const asked = await userInfoRequest(server, client, granted.access_token, means);
    return { ...(await processUserInfoResponse(server, client, claims.sub, asked)), ...claims };
  };

  return {
    async begin(redirectUri) {
      try {
        const { authorization_endpoint: endpoint = '' } = await discover();
        const url = new URL(endpoint);
        checkProtocol(url, !isPlain);
        const codeVerifier = generateRandomCodeVerifier();
        const expected = { state: generateRandomState(), nonce: generateRandomNonce(), codeVerifier, redirectUri };
        const asked = {
          client_id: clientId,
          response_type: 'code',
          scope,
          redirect_uri: redirectUri,
          state: expected.state,
          nonce: expected.nonce,
          code_challenge: await calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: 'S256',
        };
        for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
        return { outcome: 'begun', url: url.href, expected };
      } catch (error) {
        return { outcome: 'unavailable', failure: failureOf(error) };
      }
    },
    async finish(answer, expected) {
      let server: AuthorizationServer;
      let checked: URLSearchParams;
      try {
        server = await discover();
      } catch (error) {
        return { outcome: 'unavailable', failure: failureOf(error) };
      }
      try {
        checked = validateAuthResponse(server, client, answer, expected.state);
      } catch (error) {
        return { outcome: 'refused', failure: failureOf(error) };
      }
      try {
        return { outcome: 'signed_in', claims: await claimsOf(server, checked, expected) };
      } catch (error) {
        return { outcome: error instanceof ExchangeError ? 'unavailable' : 'refused', failure: failureOf(error) };
      }
    },
  };
}

interface DiscoveryOptions extends Pick<OpenIdSignInOptions, 'clock'> {
  readonly issuer: URL;
  readonly means: DiscoveryRequestOptions;
}

/** What the provider says of itself. Anybody can begin, as often as they like: it is asked once for all who wait. */
function createDiscovery({ issuer, means, clock }: DiscoveryOptions): () => Promise<AuthorizationServer> {
  let known: { readonly server: AuthorizationServer; readonly untilMs: number } | undefined;
  let asking: Promise<AuthorizationServer> | undefined;
  const ask = async () => {
    const server = await processDiscoveryResponse(issuer, await discoveryRequest(issuer, means));
    known = { server, untilMs: clock.monotonic() + metadataMs };
    return server;
  };
  return async () => {
    if (known && clock.monotonic() < known.untilMs) return known.server;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return await asking;
  };
}

/** The client secret goes over `https` only; a loopback address never leaves the machine. */
function checkedIssuer(text: string): URL {
  const url = URL.parse(text);
  if (url && isProtected(url)) return url;
  throw new GuestpassError('config_invalid', 'The issuer is no https address.');
}

function isProtected({ protocol, hostname }: URL): boolean {
  const isLoopback = /^(?:localhost|\[::1\]|127(?:\.\d+){3})$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}

/** What the library's own errors hold besides their code may be a token or an answer, so only the code is told. */
function failureOf(error: unknown): string {
  if (error instanceof ExchangeError) return error.failure;
  const told = error instanceof Error && 'error' in error ? error.error : undefined;
  if (typeof told === 'string' && /^[a-z_]{1,64}$/.test(told)) return told;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? code.toLowerCase() : 'answer_invalid';
}

/** The library's fetch, over an exchange. */
function fetchBy({ exchange, clock }: Pick<OpenIdSignInOptions, 'exchange' | 'clock'>) {
  return async (
    url: string,
    { method, headers, body }: { method: string; headers: Record<string, string>; body?: unknown },
  ): Promise<Response> => {
    // A provider on a loopback address may name others.
    if (!isProtected(new URL(url))) throw new ExchangeError('endpoint_insecure', { sent: 'no' });
    const answer = await exchange({
      url,
      method,
      headers,
      ...(body instanceof URLSearchParams && { body: body.toString() }),
      deadlineAt: clock.monotonic() + deadlineMs,
    });
    const { status } = answer;
    if (status < 200 || status >= 500 || status === 204 || status === 304)
      throw new ExchangeError('answer_invalid', { sent: 'maybe' });
    // A cast, because an exchange's bytes are never shared memory.
    return new Response(answer.body as Uint8Array<ArrayBuffer>, { status, headers: answer.headers });
  };
}
