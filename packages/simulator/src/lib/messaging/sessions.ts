import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { Deployment } from './deployment.ts';
import { refusal, type ServerFrame } from './server-frame.ts';
import { createSession, type Session, type SessionOptions } from './session.ts';

const sessionsRemembered = 10_000;

/** A guest let in over REST, who has a token before there is a session. */
export interface Reservation {
  readonly channelId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a client asks for when it configures its session. */
export interface Wish {
  readonly deployment: Deployment;
  readonly token: string;
  readonly startNew: boolean;
}

export type Opened =
  | { readonly ok: true; readonly session: Session; readonly isNew: boolean }
  | { readonly ok: false; readonly refusal: ServerFrame };

/** The sessions: the last 10,000. */
export interface Sessions {
  /** The session of a token, a new one when there is none or when another may be started. */
  open(wish: Wish): Opened;
  /** Lets another token of the same deployment stand for a session. */
  adopt(session: Session, token: string): void;
  byId(id: string): Session | undefined;
  /** By id or by token, whatever the deployment; of several, the newest. */
  find(idOrToken: string): Session | undefined;
  /** Oldest first. */
  list(): readonly Session[];
  /** Sessions made since the start. */
  readonly started: number;
}

export interface SessionsOptions extends SessionOptions {
  readonly clock: SimulatorClock;
  /** What a token given out over REST is good for. */
  readonly reservation: (token: string) => Reservation | undefined;
  /** Names a deployment by its id or its alias. */
  readonly deploymentOf: (id: string) => Deployment | undefined;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { clock, lifetimeMs, reservation, deploymentOf } = options;
  const byKey = createBoundedMap<Session>(sessionsRemembered);
  const byId = createBoundedMap<Session>(sessionsRemembered);
  let started = 0;

  const start = (deployment: Deployment, token: string, expiresAt: number): Opened => {
    started += 1;
    const session = createSession({ deployment, token, expiresAt }, options);
    byKey.set(keyOf(deployment, token), session);
    byId.set(session.id, session);
    return { ok: true, session, isNew: true };
  };
  const resume = (session: Session, { deployment, token, startNew }: Wish): Opened => {
    const { state } = session;
    if (state === 'open' || (state === 'readOnly' && !startNew)) return { ok: true, session, isNew: false };
    if (state === 'expired' && !startNew) return { ok: false, refusal: refusal(4006, 'The session has expired.') };
    session.closeConnections();
    session.finish();
    return start(deployment, token, clock.now() + lifetimeMs);
  };

  return {
    open(wish) {
      const { deployment, token } = wish;
      const known = byKey.get(keyOf(deployment, token));
      if (known) return resume(known, wish);
      const reserved = reservation(token);
      if (!reserved) return start(deployment, token, clock.now() + lifetimeMs);
      if (deploymentOf(reserved.channelId) !== deployment) {
        return { ok: false, refusal: refusal(403, 'Session authentication failed.') };
      }
      if (clock.now() >= reserved.expiresAt) return { ok: false, refusal: refusal(4006, 'The session has expired.') };
      return start(deployment, token, reserved.expiresAt);
    },
    adopt: (session, token) => byKey.set(keyOf(session.deployment, token), session),
    byId: (id) => byId.get(id),
    find: (name) => byId.get(name) ?? byId.values().findLast(({ token }) => token === name),
    list: () => byId.values(),
    get started() {
      return started;
    },
  };
}

function keyOf({ id }: Deployment, token: string): string {
  return JSON.stringify([id, token]);
}
