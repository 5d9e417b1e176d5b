import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { Deployment } from './deployment.ts';
import { notice, refusal, type ServerFrame } from './server-frame.ts';
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
  /** Who signed in; `undefined` for a guest who did not. */
  readonly account: string | undefined;
}

export type Opened =
  | { readonly ok: true; readonly session: Session; readonly isNew: boolean }
  | { readonly ok: false; readonly refusal: ServerFrame };

/** The sessions: the last 10,000. */
export interface Sessions {
  /**
   * The session of a token, or of the account that signed in; a new one when there is none or when another may be
   * started. A token that an account talked under is good for that account alone.
   */
  open(wish: Wish): Opened;
  /** The session of a token that nobody has signed in to, while it lives. */
  anonymous(deployment: Deployment, token: string): Session | undefined;
  /** Makes a session that of an account. Ends the one the account had, and returns whether there was one. */
  signIn(session: Session, account: string): boolean;
  /** The session of an account, while it lives. */
  ofAccount(deployment: Deployment, account: string): Session | undefined;
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
  const byAccount = createBoundedMap<Session>(sessionsRemembered);
  let started = 0;

  const start = ({ deployment, token, account }: Wish, expiresAt: number): Opened => {
    started += 1;
    const session = createSession({ deployment, token, account, expiresAt }, options);
    byKey.set(keyOf(deployment, token), session);
    byId.set(session.id, session);
    if (account !== undefined) byAccount.set(keyOf(deployment, account), session);
    return { ok: true, session, isNew: true };
  };
  const resume = (session: Session, wish: Wish): Opened => {
    const { state } = session;
    const { startNew } = wish;
    if (state === 'open' || (state === 'readOnly' && !startNew)) return { ok: true, session, isNew: false };
    if (state === 'expired' && !startNew) return { ok: false, refusal: refusal(4006, 'The session has expired.') };
    session.closeConnections();
    session.finish();
    return start(wish, clock.now() + lifetimeMs);
  };
  const ofAccount = (deployment: Deployment, account: string) => {
    const session = byAccount.get(keyOf(deployment, account));
    return session && isAlive(session) ? session : undefined;
  };
  const ofToken = (wish: Wish): Opened => {
    const { deployment, token } = wish;
    const reserved = reservation(token);
    if (!reserved) return start(wish, clock.now() + lifetimeMs);
    if (deploymentOf(reserved.channelId) !== deployment) return notTheirs;
    if (clock.now() >= reserved.expiresAt) return { ok: false, refusal: refusal(4006, 'The session has expired.') };
    return start(wish, reserved.expiresAt);
  };

  return {
    open(wish) {
      const { deployment, token, account } = wish;
      const known = byKey.get(keyOf(deployment, token));
      if (account === undefined) {
        if (known?.account !== undefined) return noDowngrade;
        return known ? resume(known, wish) : ofToken(wish);
      }
      if (known?.account !== undefined && known.account !== account) return notTheirs;
      const theirs = ofAccount(deployment, account);
      if (theirs) byKey.set(keyOf(deployment, token), theirs);
      const session = theirs ?? (known?.account === account ? known : undefined);
      return session ? resume(session, wish) : ofToken(wish);
    },
    anonymous(deployment, token) {
      const session = byKey.get(keyOf(deployment, token));
      return session && session.account === undefined && isAlive(session) ? session : undefined;
    },
    signIn(session, account) {
      const before = ofAccount(session.deployment, account);
      before?.tell(notice('SessionClearedEvent'));
      before?.closeConnections();
      before?.finish();
      session.signIn(account);
      byAccount.set(keyOf(session.deployment, account), session);
      return before !== undefined;
    },
    ofAccount,
    adopt: (session, token) => byKey.set(keyOf(session.deployment, token), session),
    byId: (id) => byId.get(id),
    find: (name) => byId.get(name) ?? byId.values().findLast(({ token }) => token === name),
    list: () => byId.values(),
    get started() {
      return started;
    },
  };
}

const notTheirs: Opened = { ok: false, refusal: refusal(403, 'Session authentication failed.') };

const noDowngrade: Opened = {
  ok: false,
  refusal: refusal(4017, 'Cannot downgrade an authenticated session to an unauthenticated one.'),
};

function isAlive({ state }: Session): boolean {
  return state === 'open' || state === 'readOnly';
}

function keyOf({ id }: Deployment, name: string): string {
  return JSON.stringify([id, name]);
}
