import { createBoundedMap } from '../bounded-map.ts';
import type { GuestEvent } from './guest-event.ts';

/** Somebody the identity provider knows, aligned from what the webhooks said. */
export interface Identity {
  readonly guestId: string;
  readonly status: 'active' | 'erased';
  readonly channelId: string | null;
  readonly consentTimestamp: string | null;
  readonly attemptId: string | null;
  /** When the guest took the consent back, as the event says; `null` while it stands, or when nothing is known any more. */
  readonly consentWithdrawnAt: string | null;
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
      const { guestId } = event.data;
      if (typeof guestId !== 'string') return;
      const before = known.get(guestId);
      const after = aligned(event, guestId, before);
      if (before?.status !== 'erased' && after) known.set(guestId, after);
    },
    list: () => known.values(),
  };
}

/** What is known behind the event; `undefined` when it changes nothing. */
function aligned(event: GuestEvent, guestId: string, before: Identity | undefined): Identity | undefined {
  const { type, timestamp, data } = event;
  if (type === 'guest.erased') return { guestId, status: 'erased', ...nothing, updatedAt: timestamp };
  const { channelId = null, consentTimestamp = null, attemptId = null } = data;
  const sameConsent = before === undefined || before.attemptId === attemptId;
  const updatedAt = before && isLater(before.updatedAt, timestamp) ? before.updatedAt : timestamp;
  if (type === 'guest.authenticated') {
    // Only a withdrawal of the same consent may come ahead of it.
    if (updatedAt !== timestamp && !(sameConsent && before?.consentWithdrawnAt)) return undefined;
    const consentWithdrawnAt = sameConsent ? (before?.consentWithdrawnAt ?? null) : null;
    return { guestId, status: 'active', channelId, consentTimestamp, attemptId, consentWithdrawnAt, updatedAt };
  }
  if (type !== 'consent.withdrawn' || !sameConsent) return undefined;
  const consentWithdrawnAt = before?.consentWithdrawnAt ?? timestamp;
  return { guestId, status: 'active', ...nothing, ...before, attemptId, consentWithdrawnAt, updatedAt };
}

const nothing = { channelId: null, consentTimestamp: null, attemptId: null, consentWithdrawnAt: null };

function isLater(one: string, other: string): boolean {
  return Date.parse(one) > Date.parse(other);
}
