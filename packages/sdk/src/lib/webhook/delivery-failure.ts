import type { ExchangeError } from '../http/exchange.ts';

/**
 * What went wrong with one attempt, from a list short enough for a metric: `http_` and the status, or the reason why no
 * whole answer came.
 */
export type DeliveryFailure =
  | `http_${number}`
  | 'url_refused'
  | 'address_refused'
  | 'name_unresolved'
  | 'connection_refused'
  | 'connect_timeout'
  | 'tls_failed'
  | 'not_connected'
  | 'not_sendable'
  | 'timeout_before_headers'
  | 'timeout_in_body'
  | 'reset_after_send'
  | 'answer_invalid'
  | 'body_broken'
  | 'aborted'
  | 'network_error';

/** Names the failure of an attempt that got no whole answer. */
export function deliveryFailure({ failure, sent, permanent, status }: ExchangeError): DeliveryFailure {
  if (timeouts.has(failure)) return status === undefined ? 'timeout_before_headers' : 'timeout_in_body';
  const named = names.get(failure);
  if (named) return named;
  if (status !== undefined) return 'body_broken';
  if (permanent) return /^(?:UND_|ERR_INVALID_|[a-z])/.test(failure) ? 'not_sendable' : 'tls_failed';
  if (sent === 'no') return failure === 'ETIMEDOUT' ? 'connect_timeout' : 'not_connected';
  if (resets.has(failure)) return 'reset_after_send';
  return /^HPE_/.test(failure) || garbled.has(failure) ? 'answer_invalid' : 'network_error';
}

/** True when the receiver may be slow because it has too much to do. */
export function isTimeout(failure: DeliveryFailure): boolean {
  return failure === 'connect_timeout' || failure === 'timeout_before_headers' || failure === 'timeout_in_body';
}

const timeouts = new Set(['deadline', 'timeout', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const resets = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const garbled = new Set(['invalid_http', 'UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

const names: ReadonlyMap<string, DeliveryFailure> = new Map([
  ['url_refused', 'url_refused'],
  ['address_refused', 'address_refused'],
  ['aborted', 'aborted'],
  ['ENOTFOUND', 'name_unresolved'],
  ['EAI_AGAIN', 'name_unresolved'],
  ['EAI_FAIL', 'name_unresolved'],
  ['ECONNREFUSED', 'connection_refused'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
]);
