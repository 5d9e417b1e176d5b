import { createHash } from 'node:crypto';

/** PKCE as RFC 7636 appendix B shows it. */
export const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
export const redirectUri = 'http://127.0.0.1:4100/callback';

function authorizeUrlAt(baseUrl: string, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: 'sim-site',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    state: 'its-state',
    ...more,
  });
  return `${baseUrl}/_oidc/auth?${query}`;
}

/** Remembers cookies and follows nothing, as a browser that is looked at step by step. */
export interface Browser {
  get(url: string): Promise<Response>;
  submit(url: string, form: Readonly<Record<string, string>>): Promise<Response>;
}

export interface ExchangeParts {
  readonly deploymentId?: string;
  readonly oauth?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

type More = Readonly<Record<string, string>>;

/** The site whose guests sign in, and the way there by HTTP alone. `ask` is `fetch`. */
export function siteAt(baseUrl: string, ask: (url: string, init?: RequestInit) => Promise<Response>) {
  const authorizeUrl = (more: More = {}) => authorizeUrlAt(baseUrl, more);
  const locationOf = (response: Response) => new URL(response.headers.get('location') ?? '/nowhere', baseUrl).href;
  const tokens = (path: string, init: RequestInit) => ask(`${baseUrl}/api/v2/webdeployments/token${path}`, init);

  const browser = (): Browser => {
    const jar = new Map<string, string>();
    const step = async (url: string, init: RequestInit = {}) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await ask(url, { ...init, headers: { cookie }, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.set(name, value);
      }
      return response;
    };
    return { get: step, submit: (url, form) => step(url, { method: 'POST', body: new URLSearchParams(form) }) };
  };
  /** Signs in and returns what the provider sends back to the site. */
  const signIn = async (account: string, more: More = {}) => {
    const guest = browser();
    const form = locationOf(await guest.get(authorizeUrl(more)));
    const resume = locationOf(await guest.submit(form, { account }));
    const back = new URL(locationOf(await guest.get(resume)));
    // An ID token comes behind the hash, where servers do not see it.
    return new URLSearchParams(back.search || back.hash.slice(1));
  };
  const exchange = ({ deploymentId = 'demo', oauth = {}, headers = {} }: ExchangeParts) =>
    tokens('/oauthcodegrantjwtexchange', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ deploymentId, oauth }),
    });

  return {
    authorizeUrl,
    locationOf,
    browser,
    signIn,
    exchange,
    /** Signs in and exchanges the code. */
    async jwtOf(account: string, deploymentId = 'demo') {
      const code = (await signIn(account)).get('code');
      const response = await exchange({ deploymentId, oauth: { code, redirectUri, codeVerifier } });
      // A test that meets an error fails on the fields.
      return (await response.json()) as { readonly jwt: string; readonly refreshToken: string };
    },
    refresh: (body: object) =>
      tokens('/refresh', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    revoke: (jwt: string) => tokens('/revoke', { method: 'DELETE', headers: { Authorization: `bearer ${jwt}` } }),
  };
}
