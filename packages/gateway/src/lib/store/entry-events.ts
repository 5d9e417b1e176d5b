import type { GuestOutcomeEvent } from 'guestpass/audit';
import { guestNotice, guestOutcome, guestRequested } from 'guestpass/pipeline';
import type { NewEvent, OutcomeCounts } from './chain.ts';
import type { Entry } from './entry.ts';
import type { News } from './new-deliveries.ts';
import type { NewOutcome } from './outcomes.ts';

/** The audit events of what happened, in that order, and the counts of outcomes after it. */
export function eventsOf(
  happened: readonly Entry[],
  before: OutcomeCounts,
  sealedGuestIds: ReadonlyMap<string, string>,
): { readonly events: readonly NewEvent[]; readonly counts: OutcomeCounts } {
  let counts = before;
  const events = happened.map((entry): NewEvent => {
    if (entry.kind === 'event') return entry.event;
    if (entry.kind === 'intent') return requested(entry);
    if (entry.kind === 'erasure') return erased(entry);
    if (entry.kind === 'withdrawal') return withdrawn(entry);
    const { outcome } = entry.outcome.attempt;
    counts = { ...counts, [outcome]: counts[outcome] + 1 };
    return settled(entry.outcome, successRate(counts), sealedGuestIds);
  });
  return { events, counts };
}

/** What endpoints are told of an entry that is on record as `sequence`; `guestId` is whom a withdrawal is about. */
export function newsOf(entry: Entry, sequence: number, guestId: string | null): readonly News[] {
  if (entry.kind === 'outcome') {
    const { attempt, nowMs } = entry.outcome;
    return [{ notice: guestNotice(attempt, isoOf(nowMs), sequence), attemptId: attempt.id, nowMs }];
  }
  if (entry.kind === 'erasure') {
    const { attemptId, nowMs } = entry.erasure;
    const data = { attemptId, sequence };
    return [{ notice: { type: 'guest.erased', timestamp: isoOf(nowMs), data }, attemptId, nowMs }];
  }
  if (entry.kind === 'withdrawal') {
    const { attemptId, nowMs } = entry.withdrawal;
    const data = { attemptId, sequence, guestId };
    return [{ notice: { type: 'consent.withdrawn', timestamp: isoOf(nowMs), data }, attemptId, nowMs }];
  }
  return [];
}

function requested({ intent }: Extract<Entry, { readonly kind: 'intent' }>): NewEvent {
  const { attemptId, payload, nowMs } = intent;
  return { event: guestRequested(attemptId, payload, isoOf(nowMs)), nowMs };
}

function erased({ erasure }: Extract<Entry, { readonly kind: 'erasure' }>): NewEvent {
  const { attemptId, basis, nowMs } = erasure;
  return { event: { eventType: 'WEBMESSAGING_GUEST_ERASED', attemptId, basis, timestamp: isoOf(nowMs) }, nowMs };
}

function withdrawn({ withdrawal }: Extract<Entry, { readonly kind: 'withdrawal' }>): NewEvent {
  const { attemptId, basis, nowMs } = withdrawal;
  return { event: { eventType: 'WEBMESSAGING_CONSENT_WITHDRAWN', attemptId, basis, timestamp: isoOf(nowMs) }, nowMs };
}

/** The chain commits to the sealed guest id: when its key is gone, so is the guest, and every hash still holds. */
function settled(outcome: NewOutcome, rate: number, sealedGuestIds: ReadonlyMap<string, string>): NewEvent {
  const { attempt, nowMs, consent } = outcome;
  const event: GuestOutcomeEvent = guestOutcome(attempt, rate, isoOf(nowMs));
  const guestId = sealedGuestIds.get(attempt.id);
  if (guestId === undefined) return { event, nowMs };
  return { event: consent ? { ...event, guestId, consent } : { ...event, guestId }, nowMs };
}

/** Percent of the attempts that reached the platform, two decimals; refused ones did not. */
function successRate({ admitted, failed, unknown }: OutcomeCounts): number {
  const asked = admitted + failed + unknown;
  return asked === 0 ? 0 : Math.round((admitted / asked) * 10_000) / 100;
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
