import type { ClientFrame } from './client-frame.ts';
import type { Connection } from './connection.ts';
import { refusal, type ServerFrame } from './server-frame.ts';
import type { Session } from './session.ts';

/** One frame of a guest and where it came from. */
export interface Asked {
  readonly frame: ClientFrame;
  readonly connection: Connection;
}

/** One frame of a guest whose session is configured on its connection. */
export interface AskedInSession extends Asked {
  readonly session: Session;
}

/** Does what a frame asks for, and returns what is answered on its connection. */
export type Action = (asked: Asked) => readonly ServerFrame[];

export type SessionAction = (asked: AskedInSession) => readonly ServerFrame[];

/** Lets an action through for a session that is configured on the connection and still lives. */
export function inSession(action: SessionAction): Action {
  return ({ frame, connection }) => {
    const { session } = connection;
    if (!session || session.state === 'over' || frame.token !== connection.token) {
      return [refusal(4007, 'The session was not found.')];
    }
    if (session.state === 'expired') return [refusal(4006, 'The session has expired.')];
    return action({ frame, connection, session });
  };
}
