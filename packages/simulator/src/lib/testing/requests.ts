/** Plain requests as a client of the platform writes them. */

const origin = 'http://simulator.test';

export const tutorialPayload = {
  channelId: 'your-channel-id',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25_a_captcha_answer', score: 0.9 },
  attributes: { origin: 'automated_test' },
};

export function basic(id = 'sim-client', secret = 'sim-secret'): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

export interface TokenRequestParts {
  readonly authorization?: string | null;
  readonly form?: string | Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export function tokenRequest(parts: TokenRequestParts = {}): Request {
  const { authorization = basic(), form = { grant_type: 'client_credentials' }, headers = {}, signal } = parts;
  return new Request(`${origin}/oauth/token`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(authorization !== null && { Authorization: authorization }),
      ...headers,
    },
    body: new URLSearchParams(form).toString(),
    ...(signal && { signal }),
  });
}

export interface GuestRequestParts {
  readonly token?: string | null;
  /** An object is written as JSON; a string is sent as it is. */
  readonly payload?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export function guestRequest({
  token = null,
  payload = tutorialPayload,
  headers = {},
  signal,
}: GuestRequestParts): Request {
  return new Request(`${origin}/api/v2/conversations/webmessaging/guests`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof payload === 'string' ? payload : JSON.stringify(payload),
    ...(signal && { signal }),
  });
}

/** Something that answers requests: a simulator, or one over a socket. */
export interface Answering {
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Fetches an access token the usual way. */
export async function accessToken(simulator: Answering, scope?: string): Promise<string> {
  const form = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) };
  const response = await simulator.fetch(tokenRequest({ form }));
  const body = await readJson(response);
  return String(body.access_token);
}

/** The body as an object of unknown values. */
export async function readJson(response: Response): Promise<Record<string, unknown>> {
  // Every JSON answer of the simulator is an object; a test that meets another fails on its fields.
  return (await response.json()) as Record<string, unknown>;
}
