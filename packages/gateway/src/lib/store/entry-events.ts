import type { GuestOutcomeEvent } from 'guestpass/audit';
import { guestNotice, guestOutcome, guestRequested } from 'guestpass/pipeline';
import type { NewEvent, OutcomeCounts } from './chain.ts';
import type { Entry } from './entry.ts';
import type { News } from './new-deliveries.ts';
import type { NewOutcome } from './new-outcome.ts';
import { sealedMark } from './open-records.ts';
import type { NewSubject, SubjectSeal } from './personal.ts';

/** The audit events of what happened, in that order, and the counts of outcomes after it. */
export function eventsOf(
  happened: readonly Entry[],
  before: OutcomeCounts,
  subjects: ReadonlyMap<string, NewSubject>,
): { readonly events: readonly NewEvent[]; readonly counts: OutcomeCounts } {
  let counts = before;
  const events = happened.map((entry): NewEvent => {
    if (entry.kind === 'event') return entry.event;
    if (entry.kind === 'intent') return requested(entry);
    if (entry.kind === 'erasure') return erased(entry);
    if (entry.kind === 'withdrawal') return withdrawn(entry);
    const { outcome } = entry.outcome.attempt;
    counts = { ...counts, [outcome]: counts[outcome] + 1 };
    return settled(entry.outcome, successRate(counts), subjects.get(entry.outcome.attempt.id));
  });
  return { events, counts };
}

/** The guest of an entry: whom a withdrawal is about, and how what is told of either is kept. */
export interface About {
  readonly guestId?: string;
  readonly seal?: SubjectSeal;
}

/** What endpoints are told of an entry that is on record as `sequence`; `about` tells the guest of it, where there is one. */
export function newsOf(entry: Entry, sequence: number, about: About): readonly News[] {
  const sealed = about.seal ? { seal: about.seal } : {};
  if (entry.kind === 'outcome') {
    const { attempt, nowMs } = entry.outcome;
    return [{ notice: guestNotice(attempt, isoOf(nowMs), sequence), attemptId: attempt.id, nowMs, ...sealed }];
  }
  if (entry.kind === 'erasure') {
    const { attemptId, nowMs } = entry.erasure;
    const data = { attemptId, sequence };
    return [{ notice: { type: 'guest.erased', timestamp: isoOf(nowMs), data }, attemptId, nowMs }];
  }
  if (entry.kind === 'withdrawal') {
    const { attemptId, nowMs } = entry.withdrawal;
    const told = (guestId: string | null) => ({
      type: 'consent.withdrawn',
      timestamp: isoOf(nowMs),
      data: { attemptId, sequence, guestId },
    });
    return [{ notice: told(about.guestId ?? null), nameless: told(null), attemptId, nowMs, ...sealed }];
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

/** The chain commits to the sealed bytes: when their key is gone, so is the guest, and every hash still holds. */
function settled({ attempt, nowMs, consent }: NewOutcome, rate: number, subject: NewSubject | undefined): NewEvent {
  const event: GuestOutcomeEvent = guestOutcome(attempt, rate, isoOf(nowMs));
  if (!subject) return { event, nowMs };
  const { guestId, correlationId } = event;
  return {
    event: {
      ...event,
      guestId: guestId === null ? null : sealedMark,
      correlationId: correlationId === null ? null : sealedMark,
      ...(consent && { consent: sealedMark }),
      sealed: subject.sealedPerson.toString('base64url'),
    },
    nowMs,
  };
}

/** Percent of the attempts that reached the platform, two decimals; refused ones did not. */
function successRate({ admitted, failed, unknown }: OutcomeCounts): number {
  const asked = admitted + failed + unknown;
  return asked === 0 ? 0 : Math.round((admitted / asked) * 10_000) / 100;
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
