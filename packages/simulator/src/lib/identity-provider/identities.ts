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
  /** The number of the event behind this; `null` when it carried none. */
  readonly sequence: number | null;
  /** When the event behind this happened, as it says. */
  readonly updatedAt: string;
}

/** The identities aligned: the last 10,000. */
export interface Identities {
  /**
   * Takes an event in. What is older than what is known changes nothing, and who was erased stays erased; an erasure may
   * name the attempt alone.
   */
  align(event: GuestEvent): void;
  /** Oldest first. */
  list(): readonly Identity[];
}

const identitiesRemembered = 10_000;

export function createIdentities(): Identities {
  const known = createBoundedMap<Identity>(identitiesRemembered);
  /** Guest ids by attempt; `null` for those that were erased. */
  const guests = createBoundedMap<string | null>(identitiesRemembered);

  const guestOf = ({ type, data: { guestId, attemptId } }: GuestEvent): string | null => {
    if (!attemptId) return guestId ?? null;
    const before = guests.get(attemptId);
    if (before === null) return null;
    const found = guestId ?? before ?? null;
    if (type === 'guest.erased') guests.set(attemptId, null);
    else if (found !== null) guests.set(attemptId, found);
    return found;
  };

  return {
    align(event) {
      const guestId = guestOf(event);
      if (guestId === null) return;
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
  const { channelId = null, consentTimestamp = null, attemptId = null, sequence = null } = data;
  const sameAttempt = before === undefined || before.attemptId === attemptId;
  if (type === 'guest.erased') {
    // One that names an attempt of before leaves what was said since.
    if (!data.guestId && !sameAttempt) return undefined;
    return { guestId, status: 'erased', ...nothing, sequence, updatedAt: timestamp };
  }
  const late = before && isLate(event, before) ? { sequence: before.sequence, updatedAt: before.updatedAt } : undefined;
  const newest = late ?? { sequence, updatedAt: timestamp };
  if (type === 'guest.authenticated') {
    // Only a withdrawal of the same consent may come ahead of it.
    if (late && !(sameAttempt && before?.consentWithdrawnAt)) return undefined;
    const consentWithdrawnAt = sameAttempt ? (before?.consentWithdrawnAt ?? null) : null;
    return { guestId, status: 'active', channelId, consentTimestamp, attemptId, consentWithdrawnAt, ...newest };
  }
  if (type !== 'consent.withdrawn' || !sameAttempt) return undefined;
  const consentWithdrawnAt = before?.consentWithdrawnAt ?? timestamp;
  return { guestId, status: 'active', ...nothing, ...before, attemptId, consentWithdrawnAt, ...newest };
}

const nothing = { channelId: null, consentTimestamp: null, attemptId: null, consentWithdrawnAt: null };

/** Numbers tell of two events about one attempt which is the later, and times where there are none. */
function isLate({ timestamp, data: { attemptId, sequence } }: GuestEvent, before: Identity): boolean {
  if (typeof sequence === 'number' && before.sequence !== null && attemptId === before.attemptId) {
    return sequence < before.sequence;
  }
  return Date.parse(timestamp) < Date.parse(before.updatedAt);
}
