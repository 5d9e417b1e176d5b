/** What the codes of the messaging protocol say. The platform's own words are not repeated: they may quote the guest. */
const meanings: Readonly<Record<number, string>> = {
  400: 'it is not a valid request',
  401: 'the guest has to sign in again',
  403: 'it is not allowed',
  404: 'there is no such thing',
  408: 'it took too long',
  409: 'the conversation is read-only',
  429: 'there are too many requests',
  4000: 'the feature is not available for this deployment',
  4001: 'files of this type are not allowed',
  4002: 'the file is too large',
  4003: 'the content of the file is not allowed',
  4004: 'the name of the file is not valid',
  4005: 'the name of the file is too long',
  4006: 'the session has expired',
  4007: 'there is no such session',
  4008: 'the attachment has expired',
  4009: 'there is no such attachment',
  4010: 'the attachment was not uploaded',
  4011: 'the text is too long',
  4013: 'the custom attributes are too large',
  4017: 'the session belongs to a signed-in guest',
  4020: 'a parameter is missing',
  4029: 'there are too many requests',
  4102: 'the file is empty',
};

/** One clause on a code, with the code itself. */
export function meaningOf(code: number): string {
  const shown = Number.isSafeInteger(code) ? String(code) : 'an unusable code';
  const meaning = meanings[code] ?? (code >= 500 && code < 600 ? 'something failed there' : 'no reason is known');
  return `${meaning} (${shown})`;
}

export function isExpiry(code: number): boolean {
  return code === 4006 || code === 4007;
}

export function isTooMany(code: number): boolean {
  return code === 429 || code === 4029;
}

/** Codes of a request that may succeed later as it is. */
export function isPassing(code: number): boolean {
  return code === 408 || (code >= 500 && code < 600);
}
