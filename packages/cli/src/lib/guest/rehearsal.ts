import type { GuestPayload, SignIn } from 'guestpass';
import { type Exchange, ExchangeError, type HttpRequest } from 'guestpass/http';
import { type Transport, TransportError } from 'guestpass/session';
import { shortened } from '../terminal/text.ts';

/** A platform that is asked and does nothing: it hands out a token, takes note of the guest request and hangs up. */
export interface Rehearsal {
  readonly exchange: Exchange;
  readonly transport: Transport;
  /** What would be asked, once it came. */
  readonly request: () => ShownRequest | undefined;
}

/** Lets the whole pipeline run without a network, so that what is shown is what would be sent. */
export function createRehearsal(loginUrl: string): Rehearsal {
  let shown: ShownRequest | undefined;
  return {
    exchange: async (request) => {
      if (request.url === `${loginUrl}/oauth/token`) return rehearsedToken;
      shown = shownRequest(request);
      throw new ExchangeError('dry_run', { sent: 'no', permanent: true });
    },
    transport: async (url, { headers = {} } = {}) => {
      shown = { method: 'GET', url, headers, body: { action: 'configureSession', token: '…' } };
      throw new TransportError('dry_run', { permanent: true });
    },
    request: () => shown,
  };
}

const rehearsedToken = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode('{"access_token":"not-sent","token_type":"bearer","expires_in":3600}'),
};

/** The request as it may be shown: the bearer left out, the captcha answer and what a sign-in brings shortened. */
function shownRequest({ method, url, headers, body }: HttpRequest): ShownRequest {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  return {
    method,
    url,
    headers: { ...headers, ...('authorization' in headers && { authorization: 'Bearer …' }) },
    body: withoutSecrets(JSON.parse(text)),
  };
}

export interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What is posted: a guest payload, or the exchange of a sign-in. */
type Posted = Partial<GuestPayload> & { readonly oauth?: SignIn };

function withoutSecrets(body: Posted): Posted {
  const { captcha, oauth } = body;
  return {
    ...body,
    ...(captcha && { captcha: { ...captcha, response: shortened(captcha.response) } }),
    ...(oauth && { oauth: shortenedSignIn(oauth) }),
  };
}

/** The addresses are no secrets. */
function shortenedSignIn({ redirectUri, iss, ...secrets }: SignIn): SignIn {
  const shown = Object.entries(secrets).map(([name, secret = '']) => [name, shortened(secret)]);
  return { redirectUri, ...Object.fromEntries(shown), iss };
}
