import { type ErrorCode, type ErrorEntry, errorTable } from 'guestpass';

const tryAgainLater = 'We could not start the chat just now. Please try again in a moment.';
const reload = 'Something went wrong on this page. Please reload it and try again.';

/** Codes that only the HTTP service has, beside those of the SDK. */
export const gatewayErrorTable = {
  http_malformed: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The request is not well-formed HTTP.',
    cause: 'Request line, headers or framing break the rules of HTTP/1.1, or could be read in two ways.',
    visitor: reload,
    remedy: 'Send one plain HTTP/1.1 request with one Host header and one way of framing the body.',
  },
  headers_too_large: {
    httpStatus: 431,
    retryable: false,
    meaning: 'The request has too many or too long headers.',
    cause: 'Large cookies, a long address, or headers added on the way.',
    visitor: reload,
    remedy: 'Send fewer and shorter headers; all of them together may have 16 KiB.',
  },
  request_timeout: {
    httpStatus: 408,
    retryable: true,
    meaning: 'The request did not arrive in time.',
    cause: 'The connection is slow or broke, or the body is shorter than announced.',
    visitor: tryAgainLater,
    remedy: 'Send the whole request at once.',
  },
  not_found: {
    httpStatus: 404,
    retryable: false,
    meaning: 'There is nothing at this address.',
    cause: 'The path is misspelled, or belongs to the other listener.',
    visitor: reload,
    remedy: 'Check the path, and whether it belongs to the public or to the operator listener.',
  },
  method_not_allowed: {
    httpStatus: 405,
    retryable: false,
    meaning: 'The address does not know this method.',
    cause: 'Another method than those in the Allow header was used.',
    visitor: reload,
    remedy: 'Use one of the methods in the Allow header.',
  },
  unauthorized_operator: {
    httpStatus: 401,
    retryable: false,
    meaning: 'The caller did not prove to be an operator.',
    cause: 'The bearer token is absent or is that of no operator here, or the session of the browser has ended.',
    visitor: reload,
    remedy: 'Send `Authorization: Bearer` and the token of an operator; in a browser, sign in again.',
  },
  role_insufficient: {
    httpStatus: 403,
    retryable: false,
    meaning: 'The operator has no role that may do this.',
    cause: 'What was asked for needs another role than the one the operator was given.',
    visitor: reload,
    remedy:
      'Ask somebody who has the role, or have it given to you where the operators of this gateway are configured.',
  },
  cross_site_request: {
    httpStatus: 403,
    retryable: false,
    meaning: 'A page of another site used the session of an operator.',
    cause: 'The browser says that the page that asked is not one of the operator listener.',
    visitor: reload,
    remedy: 'Ask from a page of the operator listener, or send the operator token instead of the cookie.',
  },
  token_in_url: {
    httpStatus: 400,
    retryable: false,
    meaning: 'A token was sent in the address.',
    cause: 'Addresses are kept in logs and histories, so a token in one has leaked.',
    visitor: reload,
    remedy: 'Send the token in the Authorization header, and replace it with a new one.',
  },
  request_invalid: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The request does not have the required shape.',
    cause: 'A field or a parameter is missing, unknown, given twice, of the wrong type or out of its range.',
    visitor: reload,
    remedy: 'Correct everything listed in `errors`; nothing was changed.',
  },
  ssrf_blocked: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The address of the endpoint may not be called.',
    cause: 'It is not https, not public, or has a part that an address of an endpoint may not have.',
    visitor: reload,
    remedy: 'Give a public https address, or allow its network in the configuration.',
  },
  subject_not_found: {
    httpStatus: 404,
    retryable: false,
    meaning: 'There is no such guest.',
    cause: 'The guest was never let in, or is erased already; or nobody is on hold for this matter.',
    visitor: reload,
    remedy: 'Check the id; the audit log tells of earlier erasures.',
  },
  subject_on_hold: {
    httpStatus: 409,
    retryable: false,
    meaning: 'The guest may not be erased now.',
    cause: 'What is known of the guest is to be kept for a legal matter.',
    visitor: reload,
    remedy: 'Wait until every hold is lifted; `GET /v1/holds` tells of them.',
  },
  consent_receipt_invalid: {
    httpStatus: 422,
    retryable: false,
    meaning: 'No consent can be withdrawn with this receipt.',
    cause: 'The receipt was changed, was made by somebody else, or its guest is erased.',
    visitor: 'We could not withdraw your consent with this receipt. Please contact us another way.',
    remedy: 'Send the receipt exactly as it was given out; operators withdraw a consent by its attempt.',
  },
  delivery_not_replayable: {
    httpStatus: 409,
    retryable: false,
    meaning: 'The delivery cannot be made due again.',
    cause: 'It is pending already, was erased, or its endpoint is disabled or removed.',
    visitor: reload,
    remedy: 'Look at the delivery and its endpoint; enable the endpoint first when it is disabled.',
  },
  shutting_down: {
    httpStatus: 503,
    retryable: true,
    usualWaitSeconds: 5,
    meaning: 'The gateway is shutting down.',
    cause: 'The gateway is stopped or replaced, and takes no new requests.',
    visitor: tryAgainLater,
    remedy: 'Try again; another gateway, or the next one, will answer.',
  },
  internal_error: {
    httpStatus: 500,
    retryable: false,
    meaning: 'Something went wrong inside the gateway.',
    cause: 'A fault of our own; the log tells more under the request id.',
    visitor: tryAgainLater,
    remedy: 'Look the request id up in the log, and report the fault.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** A code that only the HTTP service has. */
export type GatewayCode = keyof typeof gatewayErrorTable;

/** Any code an answer may carry. */
export type ProblemCode = ErrorCode | GatewayCode;

/** What is known about a code, wherever it comes from. */
export function entryOf(code: ProblemCode): ErrorEntry {
  return code in gatewayErrorTable ? gatewayErrorTable[code as GatewayCode] : errorTable[code as ErrorCode];
}
