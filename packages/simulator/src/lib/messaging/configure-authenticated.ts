import * as z from 'zod';
import type { Action, Asked } from './action.ts';
import { type ConfigureOptions, configureFields, readDeployment, sessionResponse } from './configure.ts';
import { refusal, type ServerFrame, tooManyRequests, traced } from './server-frame.ts';
import type { Session } from './session.ts';

const authenticatedFields = configureFields.extend({ data: z.looseObject({ code: z.string().min(1) }) });

/** Whose JWT it is, and for which deployment. */
export type Authenticated =
  | { readonly ok: true; readonly account: string; readonly deploymentId: string }
  | { readonly ok: false; readonly reason: 'bad' | 'expired' | 'revoked' };

/** Tells whose JWT it is. */
export type Authenticate = (jwt: string) => Authenticated;

export interface ConfigureAuthenticatedOptions extends ConfigureOptions {
  readonly authenticate: Authenticate;
}

/**
 * `configureAuthenticatedSession`: makes the connection one of the account's session, of which it has one at each
 * deployment. A guest who talked before signing in keeps the conversation, where the deployment allows it.
 */
export function createConfigureAuthenticated(options: ConfigureAuthenticatedOptions): Action {
  const { deployments, sessions, limits, rates, lifetimeSeconds, authenticate } = options;

  const stepUp = ({ frame, connection }: Asked, session: Session, account: string): readonly ServerFrame[] => {
    if (!connection.deployment.auth?.allowSessionUpgrade) return [upgradeRefusal];
    const cleared = sessions.signIn(session, account);
    connection.bind(session, frame.token);
    session.closeConnections(connection, 'signedIn');
    const told = sessionResponse(session, { connected: true, isNew: false, cleared, limits, lifetimeSeconds });
    connection.send(traced(told, frame.tracingId));
    session.add({
      type: 'Event',
      direction: 'Inbound',
      originatingEntity: 'Human',
      events: [{ eventType: 'Presence', presence: { type: 'SignIn' } }],
    });
    return [];
  };

  return (asked) => {
    const { frame, connection } = asked;
    const { deployment } = connection;
    const fields = readDeployment(authenticatedFields, frame, { connection, deployments });
    if (!fields.ok) return [fields.refusal];
    if (!deployment.auth) return [refusal(4000, 'This deployment does not offer authenticated messaging.')];
    const { token } = frame;
    const rate = rates.take(JSON.stringify([deployment.id, token]));
    if (!rate.admitted) return [tooManyRequests(rate.resetSeconds, 'Configure rate too high for this session')];
    const who = authenticate(fields.value.data.code);
    if (!who.ok) return [refusal(401, `The token of the guest is ${texts[who.reason]}.`)];
    if (who.deploymentId !== deployment.id) return [refusal(403, 'Session authentication failed.')];
    const { account } = who;
    const anonymous = sessions.anonymous(deployment, token);
    if (anonymous) return stepUp(asked, anonymous, account);
    const { startNew = false } = fields.value;
    if (startNew) connection.release();
    const opened = sessions.open({ deployment, token, startNew, account });
    if (!opened.ok) return [opened.refusal];
    const { session, isNew } = opened;
    connection.bind(session, token);
    return [sessionResponse(session, { connected: true, isNew, limits, lifetimeSeconds })];
  };
}

const texts = { bad: 'not good', expired: 'expired', revoked: 'revoked' } as const;

const upgradeRefusal = refusal(403, 'Session upgrade is not allowed. Sign in before the conversation begins.');
