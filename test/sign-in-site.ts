import { createHash, randomBytes } from 'node:crypto';
import type { SignIn } from 'guestpass';

const redirectUri = 'http://127.0.0.1/callback';

/** Signs in at the OpenID provider of a simulator by HTTP alone, with PKCE, and returns what the site gets to know. */
export async function signInAt(baseUrl: string, account: string): Promise<SignIn & { readonly code: string }> {
  const codeVerifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: 'sim-site',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const step = createBrowser(baseUrl);
  const form = await step(`${baseUrl}/_oidc/auth?${query}`);
  const resume = await step(form, { method: 'POST', body: new URLSearchParams({ account }) });
  const back = new URL(await step(resume)).searchParams;
  const code = back.get('code');
  const iss = back.get('iss');
  if (code === null) throw new Error('The provider sent no code back.');
  return { code, redirectUri, codeVerifier, ...(iss !== null && { iss }) };
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
