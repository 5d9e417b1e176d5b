import {
  allowInsecureRequests,
  type ClientAuth,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
} from 'oauth4webapi';
import { GuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpResponse, type Try } from '../http/exchange.ts';
import { readJsonObject } from './json-object.ts';
import type { Wait } from './shared-wait.ts';
import { tokenLifetimeMs } from './token-lifetime.ts';
import { tokenRateLimited, tokenRefused, tokenUnusable } from './token-refusal.ts';

/** Who asks for a token, where, and for what. */
export interface ClientCredentials {
  /** The whole address of the token endpoint; `https`, or `http` on a loopback address. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Scopes to ask for, with spaces between. Default none, which is also what an empty string means. */
  readonly scope?: string;
}

/** One access token, as the endpoint issued it. */
export interface IssuedToken {
  /** A bearer token (RFC 6750), safe to put into a header. */
  readonly value: string;
  /** From receipt to expiry, at least a second and at most 48 hours. */
  readonly lifetimeMs: number;
  /** Every try it took, oldest first; empty when the exchange keeps no account. */
  readonly tries: readonly Try[];
}

/**
 * Asks for an access token by the client credentials grant (RFC 6749 section 4.4) with HTTP Basic authentication.
 * Rejects with a `GuestpassError`: `credentials_rejected`, `rate_limited`, `platform_unavailable`, `forbidden`,
 * `platform_response_invalid`, `deadline_exceeded`, `aborted`, or `config_invalid` before anything is sent. Repeats
 * nothing itself.
 */
export async function requestClientCredentials(
  exchange: Exchange,
  client: ClientCredentials,
  wait: Wait,
): Promise<IssuedToken> {
  const { host } = checkedClient(client);
  const answer = await ask(bounded(exchange, wait), client).catch((error: unknown) => {
    throw error instanceof ExchangeError ? noAnswer(error, host) : error;
  });
  if (answer.status === 200) return readToken(answer, host);
  throw answer.status === 429 || isTokenRateLimit(answer) ? tokenRateLimited(answer, host) : tokenRefused(answer, host);
}

/**
 * True for Genesys Cloud's own way to limit token requests: status 400, not 429, and a text that begins "rate limit
 * exceeded". Nothing was issued, so the request may be repeated.
 */
export function isTokenRateLimit(answer: HttpResponse): boolean {
  if (answer.status !== 400) return false;
  const { error_description, description, error, message } = readJsonObject(answer) ?? {};
  return [error_description, description, error, message].some(
    (text) => typeof text === 'string' && /^\s*rate limit exceeded/i.test(text),
  );
}

/** Secrets go over `https` only; a loopback address never leaves the machine. */
function checkedClient({ tokenUrl, clientId, clientSecret }: ClientCredentials): URL {
  const url = URL.parse(tokenUrl);
  if (!url) throw unusable('The token address is not a URL.');
  if (url.username || url.password) throw unusable('The token address holds credentials of its own.');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw unusable(`The token address at ${url.host} is not https, and the client secret is sent over nothing else.`);
  }
  if (!clientId || !clientSecret) throw unusable('The client id or the client secret is empty.');
  return url;
}

function unusable(detail: string): GuestpassError {
  return new GuestpassError('config_invalid', detail);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function bounded(exchange: Exchange, { signal, deadlineAt, trace }: Wait): Exchange {
  const bounds = {
    ...(signal && { signal }),
    ...(deadlineAt !== undefined && { deadlineAt }),
    ...(trace && { trace }),
  };
  return (request) => exchange({ ...request, ...bounds });
}

/** Builds the request and sends it. */
async function ask(exchange: Exchange, client: ClientCredentials): Promise<HttpResponse> {
  const { promise, resolve } = Promise.withResolvers<HttpResponse>();
  const parameters = client.scope ? { scope: client.scope } : {};
  await clientCredentialsGrantRequest(serverOf(client), clientOf(client), basic(client.clientSecret), parameters, {
    // The address was checked above; this lets loopback pass.
    [allowInsecureRequests]: true,
    [customFetch]: async (url, { method, headers, body }) => {
      resolve(await exchange({ url, method, headers, body: String(body) }));
      return new Response();
    },
  });
  return promise;
}

const serverOf = ({ tokenUrl }: ClientCredentials) => ({ issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl });
const clientOf = ({ clientId }: ClientCredentials) => ({ client_id: clientId });

/**
 * Like oauth4webapi's own, but encodes only what has to be. That one writes `-` and `_` as `%2D` and `%5F`, which
 * servers that do not decode take for wrong credentials: https://github.com/panva/oauth4webapi/issues/199. Servers
 * that do decode, as RFC 6749 section 2.3.1 says, read both alike.
 */
function basic(clientSecret: string): ClientAuth {
  return (...[, client, , headers]) => {
    const pair = [client.client_id, clientSecret].map((part) => encodeURIComponent(part.toWellFormed())).join(':');
    headers.set('authorization', `Basic ${btoa(pair)}`);
  };
}

/** Reads the answer to {@link ask}. Nothing the answer holds is passed on but the token and its lifetime. */
async function readToken(answer: HttpResponse, host: string): Promise<IssuedToken> {
  const body = readJsonObject(answer);
  if (!body) throw tokenUnusable(answer, host, 'answered with something that is not a JSON object');
  const { access_token, token_type } = body;
  const lifetimeMs = tokenLifetimeMs(body.expires_in);
  const conform = Response.json({ access_token, token_type, expires_in: lifetimeMs / 1000 });
  const token = await processClientCredentialsResponse({ issuer: host }, { client_id: host }, conform).catch(() => {
    // The library's error holds the body, and with it a token: it must not become a cause.
    throw tokenUnusable(answer, host, 'answered without an access_token or a known token_type');
  });
  if (token.token_type !== 'bearer') throw tokenUnusable(answer, host, 'issued a token that is not a bearer token');
  if (!bearerToken.test(token.access_token)) {
    throw tokenUnusable(answer, host, 'issued a token with characters that no bearer token has');
  }
  return { value: token.access_token, lifetimeMs, tries: answer.tries ?? [] };
}

/** `b64token` of RFC 6750 section 2.1, no longer than servers take in a header. */
const bearerToken = /^(?=.{1,8192}$)[\w.~+/-]+=*$/;

/** No token was issued that anybody knows of, and asking again does no harm, so the outcome is never unknown. */
function noAnswer(error: ExchangeError, host: string): GuestpassError {
  const { failure, permanent, status } = error;
  const details = { cause: error, ...(status !== undefined && { status }) };
  switch (failure) {
    case 'deadline':
      return new GuestpassError('deadline_exceeded', `The token endpoint at ${host} did not answer in time.`, details);
    case 'aborted':
      return new GuestpassError('aborted', `The token request to ${host} was given up.`, details);
    default:
      return new GuestpassError(
        'platform_unavailable',
        `No answer came from the token endpoint at ${host} (${failure}).`,
        {
          ...details,
          ...(permanent && { retryable: false }),
        },
      );
  }
}
