import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';
import { type ClosedReason, createAudience, type Member } from './audience.ts';
import type { Deployment } from './deployment.ts';
import { createLifetime } from './lifetime.ts';
import { notice, response, type ServerFrame, traced } from './server-frame.ts';
import type { Draft, Render, StoredMessage } from './structured-message.ts';

const messagesRemembered = 10_000;

/** `over` is a session cleared, or one that another took the place of. */
export type SessionState = 'open' | 'readOnly' | 'expired' | 'over';

/** The conversation of one guest: outlives the connections, and ends on the clock. */
export interface Session {
  readonly id: string;
  readonly deployment: Deployment;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; moves on with every message. */
  readonly expiresAt: number;
  readonly state: SessionState;
  /** Oldest first. */
  readonly messages: readonly StoredMessage[];
  /** Connections open now. */
  readonly connections: number;
  /** Whether a human agent has taken over from the bot. */
  readonly attended: boolean;
  /** Who signed in; `undefined` for a guest who did not. */
  readonly account: string | undefined;
  join(member: Member): void;
  leave(member: Member): void;
  /** Sends to every connection. */
  tell(frame: ServerFrame): void;
  /** Sends what depends on where a connection reaches the host. */
  tellEach(frameFor: (member: Member) => ServerFrame): void;
  /** Keeps a message, tells it to every connection, and begins the lifetime anew. */
  add(draft: Draft, tracingId?: string): StoredMessage;
  /** Tells what is not kept, such as typing. */
  mention(draft: Draft, tracingId?: string): void;
  attend(): void;
  /** The agent or the guest has left. */
  disconnect(): void;
  /** From now on it is a session of this account. */
  signIn(account: string): void;
  /** Tells every connection that the guest is signed out, and lets it go. */
  logOut(): void;
  /** Tells every connection but this one that it is closed, and why where there is a reason, and closes it. */
  closeConnections(except?: Member, reason?: ClosedReason): void;
  expire(): void;
  /** Ends it for good, without a word. */
  finish(): void;
}

export interface SessionOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly render: Render;
  readonly lifetimeMs: number;
  readonly connectionsMax: number;
}

/** Whose session it is, and when it ends if nothing is said. */
export interface SessionOwner {
  readonly deployment: Deployment;
  readonly token: string;
  readonly account: string | undefined;
  readonly expiresAt: number;
}

export function createSession(owner: SessionOwner, options: SessionOptions): Session {
  const { clock, random } = options;
  const audience = createAudience(options.connectionsMax);
  const lifetime = createLifetime(owner.expiresAt, clock, () => expire());
  const record = createRecord(options);
  let state: SessionState = 'open';
  let attended = false;
  let { account } = owner;

  const tellMessage = (message: StoredMessage, tracingId: string | undefined) =>
    audience.tellEach(({ baseUrl }) => {
      return traced(notice('StructuredMessage', options.render(message, baseUrl)), tracingId);
    });
  const end = (as: SessionState) => {
    state = as;
    lifetime.rest();
    return audience.dismiss();
  };
  const expire = () => {
    for (const member of end('expired')) member.send(response('SessionExpiredEvent', {}));
  };
  const stateNow = () => {
    if ((state === 'open' || state === 'readOnly') && clock.now() >= lifetime.expiresAt) expire();
    return state;
  };

  return {
    id: random.uuid(),
    deployment: owner.deployment,
    token: owner.token,
    createdAt: clock.now(),
    messages: record.messages,
    get expiresAt() {
      return lifetime.expiresAt;
    },
    get state() {
      return stateNow();
    },
    get connections() {
      return audience.size;
    },
    get attended() {
      return attended;
    },
    get account() {
      return account;
    },
    join(member) {
      audience.join(member);
      lifetime.watch();
    },
    leave(member) {
      audience.leave(member);
      if (audience.size === 0) lifetime.rest();
    },
    tell: (frame) => audience.tellEach(() => frame),
    tellEach: audience.tellEach,
    add(draft, tracingId) {
      const message = record.keep(draft);
      lifetime.prolong(options.lifetimeMs);
      tellMessage(message, tracingId);
      return message;
    },
    mention: (draft, tracingId) => tellMessage({ ...draft, id: random.uuid(), time: clock.now() }, tracingId),
    attend() {
      attended = true;
    },
    disconnect() {
      attended = false;
      if (owner.deployment.conversationDisconnect === 'ReadOnly') state = 'readOnly';
    },
    signIn(who) {
      account = who;
    },
    logOut: () => letGo(audience.dismiss()),
    closeConnections: audience.close,
    expire,
    finish: () => end('over'),
  };
}

function letGo(members: readonly Member[]): void {
  for (const member of members) {
    member.send(notice('LogoutEvent'));
    member.release();
  }
}

/** The messages of one session, each with an id, and with a time of its own. */
function createRecord({ clock, random }: SessionOptions) {
  const messages: StoredMessage[] = [];
  let lastTime = 0;
  return {
    messages,
    keep(draft: Draft): StoredMessage {
      // Two messages of one millisecond would have no order in the history.
      lastTime = Math.max(clock.now(), lastTime + 1);
      const message = { ...draft, id: random.uuid(), time: lastTime };
      messages.push(message);
      if (messages.length > messagesRemembered) messages.shift();
      return message;
    },
  };
}
