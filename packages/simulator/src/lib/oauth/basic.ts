/** The id and secret a client presents. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/**
 * Reads HTTP Basic credentials of an OAuth client: base64 (RFC 7617) of id and secret, each form-urlencoded
 * (RFC 6749 section 2.3.1). Returns `undefined` when the header is missing or not such credentials.
 */
export function parseBasic(authorization: string | undefined): ClientCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const id = formDecode(text.slice(0, colon));
  const secret = formDecode(text.slice(colon + 1));
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
