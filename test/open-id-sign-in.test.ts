import { createSimulator } from '@guestpass/simulator';
import { isGuestpassError, systemClock } from 'guestpass';
import { type Exchange, ExchangeError, fetchExchange, type HttpRequest } from 'guestpass/http';
import { createOpenIdSignIn, type ExpectedSignIn } from 'guestpass/oauth';
import { afterEach, beforeEach, expect, test } from 'vitest';

// Somebody signs in at an OpenID provider, over real sockets.

const redirectUri = 'http://127.0.0.1:4001/callback';

let simulator: ReturnType<typeof createSimulator>;
let url: string;

beforeEach(async () => {
  simulator = createSimulator({ seed: 1, signIn: { redirectUris: ['http://127.0.0.1/callback'] } });
  ({ url } = await simulator.listen());
});

afterEach(() => simulator[Symbol.asyncDispose]());

const overSockets = fetchExchange(fetch);

interface Props {
  readonly exchange?: Exchange;
  readonly secret?: string;
  readonly claims?: readonly string[];
}

const signInAt = ({ exchange = overSockets, secret = 'sim-site-secret', claims }: Props = {}) =>
  createOpenIdSignIn({
    issuer: `${url}/_oidc`,
    clientId: 'sim-site',
    clientSecret: () => secret,
    scope: 'openid profile',
    ...(claims && { claims }),
    exchange,
    clock: systemClock,
  });

/** What a browser does: goes where it is sent, and signs in there. */
async function browse(start: string, account: string): Promise<URLSearchParams> {
  const jar = new Map<string, string>();
  const step = async (address: string, init: RequestInit = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(address, { ...init, headers: { cookie }, redirect: 'manual' });
    await response.arrayBuffer();
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return new URL(response.headers.get('location') ?? '/nowhere', url).href;
  };
  const form = await step(start);
  const resume = await step(form, { method: 'POST', body: new URLSearchParams({ account }) });
  return new URL(await step(resume)).searchParams;
}

async function begun(signIn: ReturnType<typeof signInAt>) {
  const begin = await signIn.begin(redirectUri);
  if (begin.outcome !== 'begun') throw new Error(`It was not begun: ${begin.failure}.`);
  return begin;
}

test('somebody who signs in at the provider is known by its claims', async () => {
  const signIn = signInAt();
  const { url: address, expected } = await begun(signIn);
  expect(Object.fromEntries(new URL(address).searchParams)).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    state: expected.state,
    nonce: expected.nonce,
  });
  expect(address).not.toContain(expected.codeVerifier);
  const finished = await signIn.finish(await browse(address, 'ana'), expected);
  expect(finished).toMatchObject({ outcome: 'signed_in', claims: { sub: 'ana', iss: `${url}/_oidc` } });
});

test('claims that the ID token has not are asked for, and nothing is asked twice', async () => {
  const asked: string[] = [];
  const exchange: Exchange = (request) => {
    asked.push(new URL(request.url).pathname);
    return overSockets(request);
  };
  const signIn = signInAt({ exchange, claims: ['name'] });
  const { url: address, expected } = await begun(signIn);
  const finished = await signIn.finish(await browse(address, 'ana'), expected);
  expect(finished).toMatchObject({ outcome: 'signed_in', claims: { sub: 'ana', name: expect.any(String) } });
  expect(asked).toEqual(['/_oidc/.well-known/openid-configuration', '/_oidc/token', '/_oidc/me']);
});

const withQuery = (change: (back: URLSearchParams) => void) => (back: URLSearchParams) => {
  change(back);
  return {};
};

type Forge = (back: URLSearchParams) => Partial<ExpectedSignIn>;

const forgeries: readonly [string, Forge, string][] = [
  ['another state', withQuery((back) => back.set('state', 'other')), 'oauth_invalid_response'],
  ['no state', withQuery((back) => back.delete('state')), 'oauth_invalid_response'],
  ['another issuer', withQuery((back) => back.set('iss', 'https://evil.example')), 'oauth_invalid_response'],
  ['no issuer', withQuery((back) => back.delete('iss')), 'oauth_invalid_response'],
  ['a refusal', withQuery((back) => back.set('error', 'access_denied')), 'access_denied'],
  ['another code', withQuery((back) => back.set('code', 'other')), 'invalid_grant'],
  ['another verifier', () => ({ codeVerifier: 'v'.repeat(43) }), 'invalid_grant'],
  ['another nonce', () => ({ nonce: 'other' }), 'oauth_jwt_claim_comparison_failed'],
];

test.each(forgeries)('a way back with %s lets nobody in', async (_name, forge, failure) => {
  const signIn = signInAt();
  const { url: address, expected } = await begun(signIn);
  const back = await browse(address, 'ana');
  expect(await signIn.finish(back, { ...expected, ...forge(back) })).toEqual({ outcome: 'refused', failure });
});

test('one code is good for one sign-in', async () => {
  const signIn = signInAt();
  const { url: address, expected } = await begun(signIn);
  const back = await browse(address, 'ana');
  expect(await signIn.finish(back, expected)).toMatchObject({ outcome: 'signed_in' });
  expect(await signIn.finish(back, expected)).toEqual({ outcome: 'refused', failure: 'invalid_grant' });
});

test('a wrong client secret is told without it', async () => {
  const signIn = signInAt({ secret: 'canary' });
  const { url: address, expected } = await begun(signIn);
  const finished = await signIn.finish(await browse(address, 'ana'), expected);
  expect(finished).toEqual({ outcome: 'refused', failure: 'oauth_www_authenticate_challenge' });
});

test('a provider that does not answer, or with something else, is unavailable and nothing is kept of it', async () => {
  let answers: 'no' | 'page' | 'empty' | 'right' = 'no';
  const exchange: Exchange = async (request: HttpRequest) => {
    if (answers === 'no') throw new ExchangeError('ECONNREFUSED', { sent: 'no' });
    if (answers === 'empty') return { status: 204, headers: {}, body: new Uint8Array() };
    if (answers === 'page') return { status: 200, headers: {}, body: new TextEncoder().encode('<html>canary') };
    return await overSockets(request);
  };
  const signIn = signInAt({ exchange });
  expect(await signIn.begin(redirectUri)).toEqual({ outcome: 'unavailable', failure: 'ECONNREFUSED' });
  answers = 'page';
  const page = await signIn.begin(redirectUri);
  expect(page).toMatchObject({ outcome: 'unavailable' });
  expect(JSON.stringify(page)).not.toContain('canary');
  answers = 'empty';
  const expected = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43), redirectUri };
  expect(await signIn.finish(new URLSearchParams(), expected)).toMatchObject({ outcome: 'unavailable' });
  answers = 'right';
  const { url: address, expected: right } = await begun(signIn);
  const back = await browse(address, 'ana');
  answers = 'no';
  expect(await signIn.finish(back, right)).toEqual({ outcome: 'unavailable', failure: 'ECONNREFUSED' });
});

test('many who begin at once ask the provider once, and one that failed is asked again', async () => {
  let asked = 0;
  const exchange: Exchange = async (request) => {
    asked += 1;
    if (asked === 1) throw new ExchangeError('ECONNREFUSED', { sent: 'no' });
    return await overSockets(request);
  };
  const signIn = signInAt({ exchange });
  const all = () => Promise.all(Array.from({ length: 20 }, () => signIn.begin(redirectUri)));
  expect(new Set((await all()).map(({ outcome }) => outcome))).toEqual(new Set(['unavailable']));
  const states = (await all()).map((one) => (one.outcome === 'begun' ? one.expected.state : ''));
  expect(new Set(states).size).toBe(20);
  expect(asked).toBe(2);
});

test('the client secret does not leave the machine in the clear, whatever the provider says of itself', async () => {
  const asked: string[] = [];
  const exchange: Exchange = async (request) => {
    asked.push(request.url);
    const answer = await overSockets(request);
    const text = new TextDecoder().decode(answer.body).replace(`${url}/_oidc/token`, 'http://192.0.2.1/token');
    return { ...answer, body: new TextEncoder().encode(text) };
  };
  const signIn = signInAt({ exchange });
  const { url: address, expected } = await begun(signIn);
  const finished = await signIn.finish(await browse(address, 'ana'), expected);
  expect(finished).toEqual({ outcome: 'unavailable', failure: 'endpoint_insecure' });
  expect(asked).toHaveLength(1);
});

test.each(['http://id.example', 'ftp://id.example', 'nonsense'])('%s is no issuer', (issuer) => {
  const options = { issuer, clientId: 'a', clientSecret: () => 'b', exchange: overSockets, clock: systemClock };
  const thrown = (() => {
    try {
      return createOpenIdSignIn(options);
    } catch (error) {
      return error;
    }
  })();
  expect(isGuestpassError(thrown) && thrown.code).toBe('config_invalid');
});
