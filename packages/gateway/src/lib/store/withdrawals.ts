import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';

/** A consent that was taken back. */
export interface Withdrawal {
  readonly attemptId: string;
  /** How it was taken back, in the operator's words or by which receipt; goes into the audit log and names nobody. */
  readonly basis: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Marks consents as withdrawn. Returns the attempts whose consent was not withdrawn before, each with the guest that was
 * let in: `null` when there is none or it was erased.
 */
export async function withdrawConsents(
  work: Work,
  withdrawals: readonly Withdrawal[],
): Promise<Map<string, string | null>> {
  if (withdrawals.length === 0) return new Map();
  const rows = withdrawals.map(({ attemptId, nowMs }) => ({ id: attemptId, at: new Date(nowMs).toISOString() }));
  const { rows: withdrawn } = await sql<{ id: string; guest_id: string | null }>`
    with asked as (
      select distinct on (id) id, at
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as w(id text, at timestamptz)
    )
    update guestpass.attempts a set consent_withdrawn_at = asked.at
    from asked where a.id = asked.id and a.consent_timestamp is not null and a.consent_withdrawn_at is null
    returning a.id, a.guest_id`.execute(work);
  return new Map(withdrawn.map(({ id, guest_id }) => [id, guest_id]));
}
