import { hash, timingSafeEqual } from 'node:crypto';
import { rangesOf } from '../network.ts';
import type { MemoryRates } from './rate-store.ts';
import type { Refusal } from './refusal.ts';

export interface OperatorGateOptions {
  /** The operator token. */
  readonly token: string;
  /** Counts failures; not shared with anything else. */
  readonly failures: MemoryRates;
  /** Failures of one address in a window of the store, after which it is locked out. Default 10. */
  readonly maxFailures?: number;
}

/** What is looked at of a request. */
export interface OperatorRequest {
  /** The `Authorization` header. */
  readonly authorization: string | null;
  readonly url: string;
  /** The caller's address. */
  readonly address: string;
}

/** Lets operators in. */
export interface OperatorGate {
  /** Why the caller may not come in; `undefined` when it may. */
  refuse(request: OperatorRequest): Promise<Refusal | undefined>;
}

/**
 * Compares SHA-256 hashes in constant time, so that neither content nor length of a guess matters. An address that
 * failed too often is turned away, right token or not. A token in the address of the request is refused whatever it is,
 * because it stands in logs by now.
 */
export function createOperatorGate({ token, failures, maxFailures = 10 }: OperatorGateOptions): OperatorGate {
  const expected = sha256(token);
  const isToken = (text: string) => timingSafeEqual(sha256(text), expected);

  const holdsToken = (url: string) =>
    [...new URL(url).searchParams].some(([name, value]) => tokenNames.has(name.toLowerCase()) || isToken(value));

  const isOperator = (authorization: string | null) => {
    const given = /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(authorization ?? '')?.[1];
    return isToken(given ?? '') && given !== undefined;
  };

  return {
    async refuse({ authorization, url, address }) {
      if (holdsToken(url)) return { code: 'token_in_url', detail: 'The address of the request holds a token.' };
      const rate = { key: rangesOf(address).single, limit: maxFailures };
      const [standing] = failures.read([rate]);
      if (standing && !standing.allowed) return lockedOut(standing.waitMs);
      if (isOperator(authorization)) return undefined;
      await failures.take([rate]);
      return notProven(authorization);
    },
  };
}

const tokenNames = new Set(['token', 'access_token', 'api_key', 'apikey', 'auth', 'authorization', 'bearer']);

function lockedOut(retryAfterMs: number): Refusal {
  return { code: 'too_many_requests', detail: 'This address has sent a wrong token too often.', retryAfterMs };
}

function notProven(authorization: string | null): Refusal {
  const detail = authorization === null ? 'The request has no operator token.' : 'The operator token is not right.';
  return { code: 'unauthorized_operator', detail, headers: { 'WWW-Authenticate': 'Bearer realm="guestpass"' } };
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
