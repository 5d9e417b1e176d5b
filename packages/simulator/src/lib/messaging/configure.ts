import * as z from 'zod';
import type { RateWindows } from '../rate-window.ts';
import { type Action, type Asked, inSession } from './action.ts';
import { type ClientFrame, type Fields, readFields } from './client-frame.ts';
import type { Connection } from './connection.ts';
import type { Deployment, Deployments } from './deployment.ts';
import type { MessagingLimits } from './limits.ts';
import { refusal, response, type ServerFrame, tooManyRequests } from './server-frame.ts';
import type { Session } from './session.ts';
import type { Opened, Sessions } from './sessions.ts';
import type { ShortTokens } from './short-tokens.ts';

/** What every request to configure a session tells. */
export const configureFields = z.looseObject({
  deploymentId: z.string().min(1),
  startNew: z.boolean().optional(),
  resumeToken: z.string().optional(),
  journeyContext: z.looseObject({}).optional(),
});

export interface ConfigureOptions {
  readonly deployments: Deployments;
  readonly sessions: Sessions;
  readonly shortTokens: ShortTokens;
  readonly limits: MessagingLimits;
  /** Counts per token. */
  readonly rates: RateWindows;
  readonly lifetimeSeconds: number;
}

/** `configureSession`: makes the connection one of the token's session. */
export function createConfigure(options: ConfigureOptions): Action {
  const { sessions, shortTokens, limits, rates, lifetimeSeconds } = options;

  const open = (asked: Asked, startNew: boolean, resumeToken: string | undefined): Opened => {
    const { frame, connection } = asked;
    if (resumeToken === undefined) {
      return sessions.open({ deployment: connection.deployment, token: frame.token, startNew, account: undefined });
    }
    const check = shortTokens.check('resume', resumeToken);
    const session = check.ok ? sessions.byId(check.subject) : undefined;
    if (session?.deployment !== connection.deployment) {
      return { ok: false, refusal: refusal(401, 'The resume token is not good, or not any more.') };
    }
    sessions.adopt(session, frame.token);
    return sessions.open({ deployment: connection.deployment, token: frame.token, startNew, account: undefined });
  };

  return (asked) => {
    const { frame, connection } = asked;
    const fields = readDeployment(configureFields, frame, { connection, deployments: options.deployments });
    if (!fields.ok) return [fields.refusal];
    const { startNew = false, resumeToken } = fields.value;
    const rate = rates.take(JSON.stringify([connection.deployment.id, frame.token]));
    if (!rate.admitted) return [tooManyRequests(rate.resetSeconds, 'Configure rate too high for this session')];
    if (startNew) connection.release();
    const opened = open(asked, startNew, resumeToken);
    if (!opened.ok) return [opened.refusal];
    const { session, isNew } = opened;
    connection.bind(session, frame.token);
    return [sessionResponse(session, { connected: true, isNew, limits, lifetimeSeconds })];
  };
}

/** `getConfiguration`: what a session of this deployment may do. Needs none. */
export function createGetConfiguration({ deployments, limits, lifetimeSeconds }: ConfigureOptions): Action {
  return ({ frame, connection }) => {
    const fields = readDeployment(configureFields, frame, { connection, deployments });
    if (!fields.ok) return [fields.refusal];
    const sessionDurationSeconds = lifetimeSeconds;
    const body = { ...mediaOf(connection.deployment, limits), messageRoutingEnabled: true, sessionDurationSeconds };
    return [response('GetConfigurationResponse', body)];
  };
}

const closeFields = z.looseObject({ closeAllConnections: z.boolean().optional() });

/** `closeSession`: the connection leaves its session, and the others are closed when asked for. The socket stays open. */
export function createClose({ limits, lifetimeSeconds }: ConfigureOptions): Action {
  return inSession(({ frame, connection, session }) => {
    const fields = readFields(closeFields, frame);
    if (!fields.ok) return [fields.refusal];
    if (fields.value.closeAllConnections) session.closeConnections(connection);
    connection.release();
    return [sessionResponse(session, { connected: false, isNew: false, limits, lifetimeSeconds })];
  });
}

/** Reads the fields of an action that names its deployment, which must be that of the connection. */
export function readDeployment<Value extends { readonly deploymentId: string }>(
  schema: z.ZodType<Value>,
  frame: ClientFrame,
  { connection, deployments }: { readonly connection: Connection; readonly deployments: Deployments },
): Fields<Value> {
  const fields = readFields(schema, frame);
  if (!fields.ok || deployments.get(fields.value.deploymentId) === connection.deployment) return fields;
  return { ok: false, refusal: refusal(400, 'The deploymentId is not that of this connection.') };
}

/** What a `SessionResponse` depends on beside the session. */
export interface Told {
  readonly connected: boolean;
  readonly isNew: boolean;
  /** Whether another session of the account was ended for this one. */
  readonly cleared?: boolean;
  readonly limits: MessagingLimits;
  readonly lifetimeSeconds: number;
}

/** Tells how a session stands. */
export function sessionResponse(session: Session, told: Told): ServerFrame {
  const { connected, isNew, cleared = false, limits, lifetimeSeconds } = told;
  return response('SessionResponse', {
    connected,
    newSession: isNew,
    readOnly: session.state === 'readOnly',
    clearedExistingSession: cleared,
    ...mediaOf(session.deployment, limits),
    durationSeconds: lifetimeSeconds,
    expirationDate: Math.floor(session.expiresAt / 1000),
  });
}

function mediaOf({ attachments, fileTypes, blockedExtensions }: Deployment, limits: MessagingLimits) {
  const inbound = { fileTypes: fileTypes.map((type) => ({ type })), maxFileSizeKB: limits.fileKilobytes };
  return {
    allowedMedia: attachments ? { inbound } : {},
    blockedExtensions,
    maxCustomDataBytes: limits.customAttributeBytes,
  };
}
