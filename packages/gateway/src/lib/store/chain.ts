import type { JsonValue, Outcome } from 'guestpass';
import { type AuditEvent, type ChainHead, type GuestOutcomeEvent, link } from 'guestpass/audit';
import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';

/** Outcomes counted since the log began, over the whole fleet. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

export interface LogHead extends ChainHead {
  readonly counts: OutcomeCounts;
}

/** An event of the gateway's own: an erasure, or what an operator did. Holds no personal data. */
export interface OperatorEvent {
  readonly eventType: string;
  readonly attemptId?: string;
  /** ISO 8601 instant by our own clock. */
  readonly timestamp: string;
  readonly [detail: string]: JsonValue | undefined;
}

/** The outcome of an attempt that left something personal: a mark stands in its place. */
export interface SealedEvent extends GuestOutcomeEvent {
  readonly consent?: string;
  /** All of it, under the key of the guest; base64url. */
  readonly sealed: string;
}

/** An event to be put into the chain. */
export interface NewEvent {
  readonly event: AuditEvent | SealedEvent | OperatorEvent;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Locks the head of the chain until the transaction ends. All that append wait here for each other, whichever process
 * they are, so everything behind this line sees what the others committed.
 */
export async function lockHead(work: Work): Promise<LogHead> {
  const { rows } = await sql<ChainHead & Record<Outcome, number>>`
    select sequence, hash, admitted, refused, failed, unknown from guestpass.audit_head for update`.execute(work);
  const [row] = rows;
  if (!row) throw new Error('The audit log has no head: its migration was undone.');
  const { sequence, hash, ...counts } = row;
  return { sequence, hash, counts };
}

/** Links the events behind `head`, stores them, and moves the head. */
export async function append(work: Work, head: LogHead, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  let last: ChainHead = head;
  const rows = events.map(({ event, nowMs }) => {
    // A cast, because a chain takes any event, and the SDK's type names its own.
    const { record, line } = link(event as AuditEvent, last);
    last = record;
    const { sequence, previousHash, hash } = record;
    return {
      sequence,
      type: event.eventType,
      attempt: event.attemptId ?? null,
      at: isoOf(nowMs),
      line,
      previousHash,
      hash,
    };
  });
  const { admitted, refused, failed, unknown } = head.counts;
  await sql`
    with records as (
      insert into guestpass.audit_records (sequence, event_type, attempt_id, recorded_at, line, previous_hash, hash)
      select sequence, type, attempt, at, line, "previousHash", hash
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
        sequence bigint, type text, attempt text, at timestamptz, line text, "previousHash" text, hash text)
    )
    update guestpass.audit_head
    set sequence = ${last.sequence}, hash = ${last.hash},
      admitted = ${admitted}, refused = ${refused}, failed = ${failed}, unknown = ${unknown}`.execute(work);
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
