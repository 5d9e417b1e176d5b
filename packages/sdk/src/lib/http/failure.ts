import type { Sent } from './exchange.ts';

/** What a failed request's error says about the platform. */
export interface Failure {
  /** The system's error code, such as `ECONNREFUSED`, or a lower-case name: `aborted`, `timeout`, `network_error`. */
  readonly failure: string;
  /** `no` only where the connection itself did not come about. */
  readonly sent: Sent;
  /** True when trying again cannot help. */
  readonly permanent: boolean;
}

/** Codes of a connection that never came about. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Codes of a request that no client would send, now or later. */
const neverSendable = new Set(['ERR_INVALID_URL', 'UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_CLOSED']);

/** Handshake faults as Node and OpenSSL name them. */
const tlsFault =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_C|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$|PATH_LENGTH_EXCEEDED$)/;
/** These come from an established session only, so the request may have gone through it. */
const tlsSessionFault = /BAD_RECORD_MAC|DECRYPTION_FAILED|UNEXPECTED_EOF/;

const safeCode = /^[A-Z][A-Z0-9_/]{0,63}$/;
const deepestCause = 5;
const unnamed: Failure = { failure: 'network_error', sent: 'maybe', permanent: false };

/**
 * Tells from an error of undici, `fetch` or `node:net` whether the platform may have seen the request. Looks at codes,
 * never at message texts, which differ for the same event. What it does not know is `maybe`.
 */
export function classifyFailure(error: unknown): Failure {
  return classifyChain(error, deepestCause) ?? unnamed;
}

function classifyChain(error: unknown, depth: number): Failure | undefined {
  if (depth === 0 || !isFault(error)) return undefined;
  if (Array.isArray(error.errors) && error.errors.length > 0) return classifyAll(error.errors, depth - 1);
  return classifyOne(error) ?? classifyChain(error.cause, depth - 1);
}

/** Not every `fetch` throws instances of this realm's Error. */
interface Fault {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null;
}

function classifyOne(error: Fault): Failure | undefined {
  if (error.name === 'AbortError') return { failure: 'aborted', sent: 'maybe', permanent: false };
  if (error.name === 'TimeoutError') return { failure: 'timeout', sent: 'maybe', permanent: false };
  if (typeof error.code === 'string' && safeCode.test(error.code)) return classifyCode(error.code, error.syscall);
  if (error.name === 'HTTPParserError') return { failure: 'invalid_http', sent: 'maybe', permanent: false };
  return undefined;
}

/** Several addresses were tried: nothing was sent only if each of them says so. */
function classifyAll(errors: readonly unknown[], depth: number): Failure {
  const all = errors.map((error) => classifyChain(error, depth) ?? unnamed);
  const decisive = all.find(({ sent }) => sent === 'maybe') ?? all[0] ?? unnamed;
  return { ...decisive, permanent: all.every(({ permanent }) => permanent) };
}

function classifyCode(failure: string, syscall: unknown): Failure {
  if (tlsFault.test(failure) && !tlsSessionFault.test(failure)) return { failure, sent: 'no', permanent: true };
  if (neverSendable.has(failure)) return { failure, sent: 'no', permanent: true };
  // A lost route reaches an established connection too, and is then reported by a read or a write.
  const established = syscall === 'read' || syscall === 'write';
  const unconnected = neverConnected.has(failure) || (failure === 'ETIMEDOUT' && syscall === 'connect');
  return { failure, sent: unconnected && !established ? 'no' : 'maybe', permanent: false };
}
