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

/** The token in the fragment `#token=…`, which no server sees. It is taken out of the address at once. */
export function takeToken({ location, history }: Pick<Window, 'location' | 'history'>): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}
