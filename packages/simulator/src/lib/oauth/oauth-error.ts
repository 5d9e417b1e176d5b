/** What an error answer of the token endpoint says. */
export interface OAuthError {
  readonly status: number;
  /** RFC 6749 section 5.2. */
  readonly error: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 6749 section 5.1: nothing the token endpoint says may be kept. */
export const uncached = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** Answers in the platform's dialect: the text stands under `description` and under `error_description`. */
export function oauthErrorResponse({ status, error, description, headers }: OAuthError): Response {
  const body = { error, description, error_description: description };
  return Response.json(body, { status, headers: { ...uncached, ...headers } });
}

/** The usual error for a status. */
export function oauthErrorFor(status: number): OAuthError {
  if (status === 503) return { status, error: 'temporarily_unavailable', description: 'service unavailable' };
  if (status >= 500) return { status, error: 'server_error', description: 'internal server error' };
  if (status === 401) return { status, error: 'invalid_client', description: 'authentication failed' };
  return { status, error: 'invalid_request', description: 'invalid request' };
}
