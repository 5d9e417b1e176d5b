import { createHash, randomBytes } from 'node:crypto';
import type { SignIn } from 'guestpass';

const redirectUri = 'http://127.0.0.1/callback';

/** Signs in at the OpenID provider of a simulator by HTTP alone, with PKCE, and returns what the site gets to know. */
export async function signInAt(baseUrl: string, account: string): Promise<SignIn & { readonly code: string }> {
  const codeVerifier = randomBytes(32).toString('base64url');
  const back = await backFrom(baseUrl, account, {
    response_type: 'code',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const code = back.searchParams.get('code');
  const iss = back.searchParams.get('iss');
  if (code === null) throw new Error('The provider sent no code back.');
  return { code, redirectUri, codeVerifier, ...(iss !== null && { iss }) };
}

/** The same with an ID token alone, which comes behind the hash, where servers do not see it. */
export async function idTokenAt(baseUrl: string, account: string): Promise<SignIn> {
  const nonce = randomBytes(16).toString('base64url');
  const back = await backFrom(baseUrl, account, { response_type: 'id_token', nonce });
  const idToken = new URLSearchParams(back.hash.slice(1)).get('id_token');
  if (idToken === null) throw new Error('The provider sent no ID token back.');
  return { idToken, nonce };
}

/** Where the provider sends the visitor in the end. */
async function backFrom(baseUrl: string, account: string, more: Readonly<Record<string, string>>): Promise<URL> {
  const asked = { client_id: 'sim-site', scope: 'openid', redirect_uri: redirectUri, ...more };
  const step = createBrowser(baseUrl);
  const form = await step(`${baseUrl}/_oidc/auth?${new URLSearchParams(asked)}`);
  const resume = await step(form, { method: 'POST', body: new URLSearchParams({ account }) });
  return new URL(await step(resume));
}

/** Takes one step at a time, remembers cookies, and returns where the next step leads. */
function createBrowser(baseUrl: string): (url: string, init?: RequestInit) => Promise<string> {
  const jar = new Map<string, string>();
  return async (url, init = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: 'manual' });
    await response.arrayBuffer();
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return new URL(response.headers.get('location') ?? '/nowhere', baseUrl).href;
  };
}
