import { createBoundedMap } from '../bounded-map.ts';
import type { GuestEvent } from './guest-event.ts';

/** Somebody the identity provider knows, aligned from what the webhooks said. */
export interface Identity {
  readonly guestId: string;
  readonly status: 'active' | 'erased';
  readonly channelId: string | null;
  readonly consentTimestamp: string | null;
  readonly attemptId: string | null;
  /** When the event behind this happened, as it says. */
  readonly updatedAt: string;
}

/** The identities aligned: the last 10,000. */
export interface Identities {
  /** Takes an event in. What is older than what is known changes nothing, and who was erased stays erased. */
  align(event: GuestEvent): void;
  /** Oldest first. */
  list(): readonly Identity[];
}

const identitiesRemembered = 10_000;

export function createIdentities(): Identities {
  const known = createBoundedMap<Identity>(identitiesRemembered);
  return {
    align(event) {
      const identity = identityOf(event);
      const before = identity && known.get(identity.guestId);
      if (!identity || before?.status === 'erased') return;
      if (before && identity.status === 'active' && Date.parse(before.updatedAt) > Date.parse(identity.updatedAt))
        return;
      known.set(identity.guestId, identity);
    },
    list: () => known.values(),
  };
}

function identityOf({ type, timestamp, data }: GuestEvent): Identity | undefined {
  const { guestId, channelId = null, consentTimestamp = null, attemptId = null } = data;
  if (typeof guestId !== 'string') return undefined;
  if (type === 'guest.authenticated') {
    return { guestId, status: 'active', channelId, consentTimestamp, attemptId, updatedAt: timestamp };
  }
  if (type !== 'guest.erased') return undefined;
  const nothing = { channelId: null, consentTimestamp: null, attemptId: null };
  return { guestId, status: 'erased', ...nothing, updatedAt: timestamp };
}
