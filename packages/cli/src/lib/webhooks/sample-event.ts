import { randomUUID } from 'node:crypto';

/** Events that a gateway sends, and one that means nothing. */
export const eventTypes = [
  'guest.authenticated',
  'guest.refused',
  'guest.failed',
  'guest.unknown',
  'guest.erased',
  'consent.withdrawn',
  'guestpass.test',
] as const;

export type EventType = (typeof eventTypes)[number];

/** Webhook as its receiver reads it; none of its ids means anybody. */
export interface SampleEvent {
  readonly type: EventType;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const codes: Partial<Readonly<Record<EventType, string>>> = {
  'guest.refused': 'consent_required',
  'guest.failed': 'forbidden',
  'guest.unknown': 'outcome_unknown',
};

/** An event of this type at this instant, with the fields of `changes` in its data. */
export function sampleEvent(
  type: EventType,
  nowMs: number,
  changes: Readonly<Record<string, string>> = {},
): SampleEvent {
  const timestamp = new Date(nowMs).toISOString();
  return { type, timestamp, data: { ...dataOf(type, timestamp), ...changes, ...numberOf(changes) } };
}

/** The one field of the data that is no text. */
function numberOf({ sequence }: Readonly<Record<string, string>>): { readonly sequence?: number } {
  return sequence !== undefined && /^\d{1,15}$/.test(sequence) ? { sequence: Number(sequence) } : {};
}

function dataOf(type: EventType, timestamp: string): SampleEvent['data'] {
  if (type === 'guestpass.test') return {};
  const attemptId = `att_${randomUUID()}`;
  const sequence = 1;
  if (type === 'guest.erased') return { attemptId, sequence };
  if (type === 'consent.withdrawn') return { attemptId, sequence, guestId: randomUUID() };
  return {
    attemptId,
    sequence,
    guestId: type === 'guest.authenticated' ? randomUUID() : null,
    channelId: 'demo',
    consentTimestamp: timestamp,
    code: codes[type] ?? null,
    correlationId: randomUUID(),
  };
}
