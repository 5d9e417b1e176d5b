import type { Context } from 'hono';
import type { AskedEnv } from '../asked.ts';
import type { RateWindows } from '../rate-window.ts';
import { type ClientCredentials, parseBasic } from './basic.ts';
import { type OAuthError, oauthErrorResponse, uncached } from './oauth-error.ts';
import type { Tokens } from './tokens.ts';

/** An OAuth client of the simulated organization. */
export interface SimulatedClient {
  readonly id: string;
  readonly secret: string;
  /** What its tokens may do, all of it unless a request asks for less. */
  readonly scopes: readonly string[];
}

export interface TokenEndpointOptions {
  readonly clients: readonly SimulatedClient[];
  readonly tokens: Tokens;
  /** Counts requests per client id. */
  readonly rates: RateWindows;
}

type Step<Name extends string, Value> =
  | ({ readonly ok: true } & { readonly [Key in Name]: Value })
  | { readonly ok: false; readonly error: OAuthError };

/** `POST /oauth/token`: the client credentials grant (RFC 6749 section 4.4) with the platform's error dialect. */
export function createTokenEndpoint({ clients, tokens, rates }: TokenEndpointOptions) {
  const known = new Map(clients.map((client) => [client.id, client]));

  const authenticate = (credentials: ClientCredentials | undefined): Step<'client', SimulatedClient> => {
    if (!credentials) return unauthenticated('client credentials are missing or malformed');
    const client = known.get(credentials.id);
    if (!client) return refused('invalid_client', `client not found: ${credentials.id.slice(0, 100)}`);
    const rate = rates.take(client.id);
    if (!rate.admitted) return refused('invalid_request', rateText(rate.allowed, rate.resetSeconds));
    return client.secret === credentials.secret ? { ok: true, client } : unauthenticated('authentication failed');
  };

  return (c: Context<AskedEnv>): Response => {
    const authenticated = authenticate(parseBasic(c.req.header('authorization')));
    if (!authenticated.ok) return oauthErrorResponse(authenticated.error);
    const { client } = authenticated;
    const parsed = parseForm(c.req.header('content-type'), c.env.body);
    if (!parsed.ok) return oauthErrorResponse(parsed.error);
    const granted = grantScopes(parsed.form, client);
    if (!granted.ok) return oauthErrorResponse(granted.error);
    const { accessToken, scopes, lifetimeSeconds } = tokens.issue(client.id, granted.scopes);
    const body = { access_token: accessToken, token_type: 'bearer', expires_in: lifetimeSeconds };
    return Response.json({ ...body, scope: scopes.join(' ') }, { headers: uncached });
  };
}

function parseForm(contentType: string | undefined, body: Uint8Array): Step<'form', URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType ?? '')) {
    return refused('invalid_request', 'the body must be application/x-www-form-urlencoded');
  }
  const form = new URLSearchParams(new TextDecoder().decode(body));
  const repeated = ['grant_type', 'scope'].find((name) => form.getAll(name).length > 1);
  // RFC 6749 section 3.2.
  if (repeated) return refused('invalid_request', `${repeated} must not be repeated`);
  return { ok: true, form };
}

function grantScopes(form: URLSearchParams, client: SimulatedClient): Step<'scopes', readonly string[]> {
  if (form.get('grant_type') !== 'client_credentials') {
    return refused('unsupported_grant_type', 'grant_type must be client_credentials');
  }
  const asked = [...new Set((form.get('scope') ?? '').split(' ').filter((scope) => scope !== ''))];
  if (asked.some((scope) => !client.scopes.includes(scope))) {
    return refused('invalid_scope', 'the client may not have a scope it asked for');
  }
  return { ok: true, scopes: asked.length > 0 ? asked : client.scopes };
}

function refused(error: string, description: string): { readonly ok: false; readonly error: OAuthError } {
  return { ok: false, error: { status: 400, error, description } };
}

function unauthenticated(description: string): { readonly ok: false; readonly error: OAuthError } {
  const headers = { 'WWW-Authenticate': 'Basic realm="oauth"' };
  return { ok: false, error: { status: 401, error: 'invalid_client', description, headers } };
}

function rateText(allowed: number, resetSeconds: number): string {
  return `rate limit exceeded: ${allowed} requests a minute for this client; the window ends in ${resetSeconds} s`;
}
