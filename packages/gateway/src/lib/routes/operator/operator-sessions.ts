import type { OperatorSessions } from '../../http/operator-sessions.ts';
import type { Refusal } from '../../http/refusal.ts';
import { endSession, openSession } from '../../openapi/operator-sessions.ts';
import { type OperatorRoute, route } from './route.ts';

/** Signing browsers in and out. */
export function createSessionRoutes(sessions: OperatorSessions): readonly OperatorRoute[] {
  return [
    route(openSession, ({ headers }) => {
      // A session that made the next one would never end.
      if (!headers.has('authorization')) return tokenNeeded;
      const secure = headers.get('origin')?.startsWith('https:') ?? false;
      return emptyWith(sessions.open({ secure }));
    }),
    route(endSession, ({ headers }) => emptyWith(sessions.end(headers.get('cookie')))),
  ];
}

const tokenNeeded: Refusal = {
  code: 'unauthorized_operator',
  detail: 'A session is opened with the operator token, not with another session.',
  headers: { 'WWW-Authenticate': 'Bearer realm="guestpass"' },
};

function emptyWith(setCookie: string): Response {
  return new Response(null, { status: 204, headers: { 'Set-Cookie': setCookie } });
}
