import { type Answer, ask, type Problem } from '../../network.ts';
import type { SignedIn } from '../data/views.ts';

/** Trades the token of an operator for a cookie that scripts cannot read. */
export async function signIn(token: string): Promise<Problem | null> {
  const answer = await ask('/v1/operator-sessions', { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
  return answer.ok ? null : answer.problem;
}

export async function signOut(): Promise<void> {
  await ask('/v1/operator-sessions', { method: 'DELETE' });
}

/** Who is signed in with this browser; the problem when nobody is, or when that could not be found out. */
export async function whoIsSignedIn(): Promise<Answer<SignedIn>> {
  return await ask<SignedIn>('/v1/operator');
}

/** The OpenID provider that operators may sign in at; `null` when there is none, or when that could not be found out. */
export async function signInProvider(): Promise<string | null> {
  const answer = await ask<{ readonly provider: string | null }>('/v1/operator-sign-in');
  return answer.ok ? answer.body.provider : null;
}

const placeKey = 'guestpass.place';

/** Keeps the address for the way back from the provider, which leads to the beginning. */
export function keepPlace({ location, sessionStorage }: Pick<Window, 'location' | 'sessionStorage'>): void {
  sessionStorage.setItem(placeKey, location.pathname + location.search);
}

/** Goes on at the address that was kept, once. */
export function takePlace({ location, history, sessionStorage }: Window): void {
  const place = sessionStorage.getItem(placeKey);
  sessionStorage.removeItem(placeKey);
  if (place === null || location.pathname !== '/console' || location.search !== '') return;
  history.replaceState(null, '', place + location.hash);
}

/** Why the way back from the provider signed nobody in, from the fragment `#sign-in=…`; taken out of the address at once. */
export function takeSignInFailure({ location, history }: Pick<Window, 'location' | 'history'>): Problem | null {
  const failure = new URLSearchParams(location.hash.slice(1)).get('sign-in');
  if (failure === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  // Anybody can write a fragment, so none of its words are shown.
  const [code, detail] =
    failure === 'unavailable'
      ? ['sign_in_unavailable', 'The provider did not answer. Try again in a moment.']
      : [
          'sign_in_refused',
          'The provider did not let you in, or you have no role here. The log of the gateway says which.',
        ];
  return { code, status: 0, detail, requestId: null, retryAfterSeconds: null, faults: [] };
}

/** The token in the fragment `#token=…`, which no server sees. It is taken out of the address at once. */
export function takeToken({ location, history }: Pick<Window, 'location' | 'history'>): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}
