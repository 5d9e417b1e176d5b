import { type Clock, systemClock } from '../clock.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse, type Sent, type Try } from './exchange.ts';
import { errorWithTries, triesOf } from './tries.ts';

/** A token as one call gets it. */
export interface AccessToken {
  /** A bearer secret: it stands in one header and nowhere else. */
  readonly value: string;
  /** False when this call made the platform issue it. */
  readonly cached: boolean;
  /** The tries it took to get it, oldest first; empty for a cached one. */
  readonly tries: readonly Try[];
}

/** Where access tokens come from. */
export interface TokenSource {
  /**
   * A token that is good for the next call: at once when one is held, so that a guest who finds one waits for nothing.
   * `deadlineAt` is an instant on the clock's monotonic axis.
   */
  get(wait: Pick<HttpRequest, 'signal' | 'deadlineAt' | 'trace'>): AccessToken | Promise<AccessToken>;
  /** Forgets exactly this value; a token that took its place in the meantime stays. */
  drop(value: string): void;
}

/**
 * Sends each request with a bearer token (RFC 6750). An answer of 401, read to its end or not, drops that token, gets one new one and repeats
 * the call once: nothing was done, so this is safe for any call. A second 401 is returned as it is. The clock only
 * measures how long tries took.
 *
 * @throws GuestpassError `platform_response_invalid` when the token cannot stand in a header, and what the token source
 * rejects with.
 * @throws ExchangeError with such an error as its cause when it comes after the 401, so that the 401 is told.
 */
export function withBearer(exchange: Exchange, tokens: TokenSource, clock: Clock = systemClock): Exchange {
  const authorize = bearerHeader();
  return async (request) => {
    const held = tokens.get(request);
    const token = held instanceof Promise ? await held : held;
    const startedAt = clock.monotonic();
    let answer: HttpResponse | ExchangeError;
    try {
      answer = await exchange(authorize(request, token.value));
      if (answer.status !== 401) return answer;
    } catch (error) {
      if (!isBrokenRefusal(error)) throw error;
      answer = error;
    }

    const before = { tries: triesOf(answer, clock.monotonic() - startedAt), sent: sentBefore(answer) };
    tokens.drop(token.value);
    const again = { ...request, resends: before.tries.length, previous: before.tries.at(-1) };
    const repeat = async () => exchange(authorize(again, (await tokens.get(request)).value));
    return afterRefusal(before, repeat, clock);
  };
}

/** The status alone says that the token was refused. Who has no more time is not helped by another one. */
function isBrokenRefusal(error: unknown): error is ExchangeError {
  if (!(error instanceof ExchangeError) || error.status !== 401) return false;
  return error.failure !== 'aborted' && error.failure !== 'deadline';
}

/** What the tries before a refusal may have done; the refused one did nothing. */
function sentBefore(refusal: HttpResponse | ExchangeError): Sent {
  if (!(refusal instanceof ExchangeError)) return refusal.sent ?? 'no';
  return refusal.tries.length > 1 ? refusal.sent : 'no';
}

/** What is known of a call whose token was refused. */
interface Before {
  readonly tries: readonly Try[];
  readonly sent: Sent;
}

async function afterRefusal(before: Before, repeat: () => Promise<HttpResponse>, clock: Clock): Promise<HttpResponse> {
  const startedAt = clock.monotonic();
  const withBefore = (result: HttpResponse | ExchangeError) => [
    ...before.tries,
    ...triesOf(result, clock.monotonic() - startedAt),
  ];
  try {
    const answer = await repeat();
    return { ...answer, tries: withBefore(answer), ...(before.sent === 'maybe' && { sent: before.sent }) };
  } catch (error) {
    if (isGuestpassError(error)) throw new ExchangeError(error.code, { ...before, permanent: true, cause: error });
    if (!(error instanceof ExchangeError)) throw error;
    throw errorWithTries(error, withBefore(error), before.sent === 'maybe' ? 'maybe' : error.sent);
  }
}

/** Writes the header; a token is examined once, not once a call. */
function bearerHeader(): (request: HttpRequest, token: string) => HttpRequest {
  let examined: string | undefined;
  let authorization = '';
  return (request, token) => {
    if (token !== examined) {
      if (!b64token.test(token)) throw unusableToken();
      examined = token;
      authorization = `Bearer ${token}`;
    }
    return { ...request, headers: { ...request.headers, authorization } };
  };
}

/** RFC 6750 section 2.1. */
const b64token = /^[A-Za-z0-9._~+/-]+=*$/;

function unusableToken(): GuestpassError {
  return new GuestpassError('platform_response_invalid', 'The access token holds characters no bearer token has.');
}
