import { hash, timingSafeEqual } from 'node:crypto';
import { rangesOf } from '../settings/network.ts';
import type { Operator } from '../settings/operator-roles.ts';
import type { TokenOperator } from '../settings/operators.ts';
import { holdsSession, takeBack } from './operator-sessions.ts';
import type { MemoryRates } from './rate-store.ts';
import type { Refusal } from './refusal.ts';

export interface OperatorGateOptions {
  /** Those who have a token, as they stand now; asked for each request, so it answers from memory. */
  readonly operators: () => readonly TokenOperator[];
  /** Counts failures; not shared with anything else. */
  readonly failures: MemoryRates;
  /** Failures of one address in a window of the store, after which it is locked out. Default 10. */
  readonly maxFailures?: number;
  /** Who holds the session in a `Cookie` field, as that operator stands now. Default a token alone lets in. */
  readonly bySession?: (cookies: string | null) => Operator | undefined;
}

/** What is looked at of a request. */
export interface OperatorRequest extends Pick<Request, 'method' | 'url'> {
  readonly headers: Pick<Headers, 'get'>;
}

/** Who comes in, or why nobody does. */
export type OperatorEntry =
  | { readonly outcome: 'admitted'; readonly operator: Operator }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** Lets operators in. */
export interface OperatorGate {
  /** Finds out who asks from this address. */
  admit(request: OperatorRequest, address: string): Promise<OperatorEntry>;
  /** Whether whoever was let in with this request may still be: the token is known, the session goes on. Counts nothing. */
  stillKnows(request: Pick<OperatorRequest, 'headers'>): boolean;
}

/**
 * Compares SHA-256 hashes in constant time, so that neither content nor length of a guess matters. An address that sent
 * a wrong token too often is turned away, right token or not; whoever sends none has guessed nothing. A token in the
 * address of the request is refused whatever it is, because it stands in logs by now. A browser's session is good for
 * pages of this listener alone, and is not asked for when there is an `Authorization` header.
 */
export function createOperatorGate(options: OperatorGateOptions): OperatorGate {
  const { operators, failures, maxFailures = 10, bySession } = options;

  const byToken = (token: string): Operator | undefined => {
    const given = Buffer.from(hash('sha256', token));
    // Every hash is compared, wherever the right one stands.
    const [found] = operators().filter(({ tokenSha256 }) => timingSafeEqual(given, Buffer.from(tokenSha256)));
    return found && { name: found.name, role: found.role };
  };

  const holdsToken = (url: string) => {
    const given = [...new URL(url).searchParams];
    if (given.length === 0) return false;
    // Anybody can send thousands of values, so not each of them is compared with each operator's.
    const hashes = new Set(operators().map(({ tokenSha256 }) => tokenSha256));
    return given.some(([name, value]) => tokenNames.has(name.toLowerCase()) || hashes.has(hash('sha256', value)));
  };

  const byAuthorization = (authorization: string) => {
    const given = /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(authorization)?.[1];
    const operator = byToken(given ?? '');
    return given === undefined ? undefined : operator;
  };

  return {
    async admit(request, address) {
      const { url, headers } = request;
      if (holdsToken(url)) {
        return refused({ code: 'token_in_url', detail: 'The address of the request holds a token.' });
      }
      const authorization = headers.get('authorization');
      const cookies = headers.get('cookie');
      const holder = authorization === null ? bySession?.(cookies) : undefined;
      if (holder) return isOwnPage(request) ? admitted(holder) : refused(crossSite);
      const rate = { key: rangesOf(address).single, limit: maxFailures };
      const [standing] = failures.read([rate]);
      if (standing && !standing.allowed) return refused(lockedOut(standing.waitMs));
      if (authorization === null) return refused(nothingShown(cookies));
      const operator = byAuthorization(authorization);
      if (operator) return admitted(operator);
      await failures.take([rate]);
      return refused(notProven('The operator token is not right.'));
    },
    stillKnows({ headers }) {
      const authorization = headers.get('authorization');
      const found = authorization === null ? bySession?.(headers.get('cookie')) : byAuthorization(authorization);
      return found !== undefined;
    },
  };
}

function admitted(operator: Operator): OperatorEntry {
  return { outcome: 'admitted', operator };
}

function refused(refusal: Refusal): OperatorEntry {
  return { outcome: 'refused', refusal };
}

/**
 * A browser sends the cookie for whoever makes it ask, other ports of the same host included. What it says of the asking
 * page decides (Fetch Metadata; the `Origin` of browsers and connections without it), and without a word only reading.
 */
function isOwnPage({ method, url, headers }: OperatorRequest): boolean {
  const isReading = method === 'GET' || method === 'HEAD';
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || (site === 'none' && isReading);
  const origin = headers.get('origin');
  if (origin === null) return isReading;
  // A proxy may have taken the encryption off, so the scheme is not compared.
  return URL.parse(origin)?.host === new URL(url).host;
}

const crossSite: Refusal = {
  code: 'cross_site_request',
  detail: 'The page that asked is none of this listener.',
};

const tokenNames = new Set(['token', 'access_token', 'api_key', 'apikey', 'auth', 'authorization', 'bearer']);

function lockedOut(retryAfterMs: number): Refusal {
  return { code: 'too_many_requests', detail: 'This address has sent a wrong token too often.', retryAfterMs };
}

function nothingShown(cookies: string | null): Refusal {
  // A browser need not go on sending what has ended.
  if (holdsSession(cookies)) return notProven('The session has ended.', { 'Set-Cookie': takeBack });
  return notProven('The request has no operator token.');
}

function notProven(detail: string, headers: Refusal['headers'] = {}): Refusal {
  return {
    code: 'unauthorized_operator',
    detail,
    headers: { 'WWW-Authenticate': 'Bearer realm="guestpass"', ...headers },
  };
}
