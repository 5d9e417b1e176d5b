import type { OperatorSessions } from '../../http/operator-sessions.ts';
import type { Refusal } from '../../http/refusal.ts';
import { operations } from '../../openapi/operations.ts';
import { endSession, getOperator, type OperatorView, openSession } from '../../openapi/operator-sessions.ts';
import { mayDo, type OperatorRole } from '../../settings/operator-roles.ts';
import { type OperatorRoute, route } from './route.ts';

/** Signing browsers in and out. */
export function createSessionRoutes(sessions: OperatorSessions): readonly OperatorRoute[] {
  return [
    route(openSession, ({ headers, operator }) => {
      // A session that made the next one would never end.
      if (!headers.has('authorization')) return tokenNeeded;
      const secure = headers.get('origin')?.startsWith('https:') ?? false;
      return emptyWith(sessions.open(operator.name, { secure }));
    }),
    route(endSession, ({ headers }) => emptyWith(sessions.end(headers.get('cookie')))),
  ];
}

/** Tells an operator who that is, and what that one may. */
export function createOperatorRoute(): OperatorRoute {
  return route(getOperator, ({ operator: { name, role } }) => {
    const isAllowed = (needed: OperatorRole | 'anybody') => needed !== 'anybody' && mayDo(role, needed);
    const may = operations.filter((operation) => isAllowed(operation.role)).map(({ id }) => id);
    return Response.json({ name, role, may } satisfies OperatorView);
  });
}

const tokenNeeded: Refusal = {
  code: 'unauthorized_operator',
  detail: 'A session is opened with the token of an operator, not with another session.',
  headers: { 'WWW-Authenticate': 'Bearer realm="guestpass"' },
};

function emptyWith(setCookie: string): Response {
  return new Response(null, { status: 204, headers: { 'Set-Cookie': setCookie } });
}
