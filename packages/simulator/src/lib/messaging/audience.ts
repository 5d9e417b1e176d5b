import { notice, type ServerFrame } from './server-frame.ts';

/** A connection as its session sees it. */
export interface Member {
  /** Where this reader reaches the host. */
  readonly baseUrl: string;
  send(frame: ServerFrame): void;
  /** Makes it a connection of no session. */
  release(): void;
  /** Ends the connection after what was sent. */
  close(): void;
}

/** Why the server closes a connection, where it says so. */
export type ClosedReason = 'signedIn';

/** The connections of one session, in the order they came. */
export interface Audience {
  /** Lets one more in; when there are more than allowed, the oldest is closed. */
  join(member: Member): void;
  leave(member: Member): void;
  tellEach(frameFor: (member: Member) => ServerFrame): void;
  /** Tells every connection but this one that it is closed, and why where there is a reason, and closes it. */
  close(except?: Member, reason?: ClosedReason): void;
  /** Lets everybody go without a word, and returns who was there. */
  dismiss(): readonly Member[];
  readonly size: number;
}

export function createAudience(connectionsMax: number): Audience {
  const members = new Set<Member>();
  const close = (member: Member, reason?: ClosedReason) => {
    members.delete(member);
    member.send(notice('ConnectionClosedEvent', { ...(reason && { reason }) }));
    member.close();
  };
  return {
    join(member) {
      members.add(member);
      for (const oldest of [...members].slice(0, -connectionsMax)) close(oldest);
    },
    leave: (member) => members.delete(member),
    tellEach(frameFor) {
      for (const member of [...members]) member.send(frameFor(member));
    },
    close(except, reason) {
      for (const member of [...members]) if (member !== except) close(member, reason);
    },
    dismiss() {
      const dismissed = [...members];
      members.clear();
      return dismissed;
    },
    get size() {
      return members.size;
    },
  };
}
