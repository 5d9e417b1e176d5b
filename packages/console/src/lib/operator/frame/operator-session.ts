import { ask, type Problem } from '../../network.ts';

/** Trades the operator token for a cookie that scripts cannot read. */
export async function signIn(token: string): Promise<Problem | null> {
  const answer = await ask('/v1/operator-sessions', { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
  return answer.ok ? null : answer.problem;
}

export async function signOut(): Promise<void> {
  await ask('/v1/operator-sessions', { method: 'DELETE' });
}

/** Whether this browser is signed in; a problem when that could not be found out. */
export async function isSignedIn(): Promise<boolean | Problem> {
  const answer = await ask('/v1/attempts?limit=1');
  if (answer.ok) return true;
  return answer.problem.status === 401 ? false : answer.problem;
}

/** The token in the fragment `#token=…`, which no server sees. It is taken out of the address at once. */
export function takeToken({ location, history }: Pick<Window, 'location' | 'history'>): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}
