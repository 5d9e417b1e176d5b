import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import { openKey, openPerson, type SealedPerson, type SubjectSeal } from './personal.ts';
import type { Seal } from './seal.ts';

/** A consent that was taken back. */
export interface Withdrawal {
  readonly attemptId: string;
  /** How it was taken back, in the operator's words or by which receipt; goes into the audit log and names nobody. */
  readonly basis: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Whose consent it was; empty when nobody was let in, or the guest was erased. */
export interface WithdrawnFrom {
  readonly guestId?: string;
  readonly seal?: SubjectSeal;
}

/** Marks consents as withdrawn. Returns the attempts whose consent was not withdrawn before. */
export async function withdrawConsents(
  work: Work,
  withdrawals: readonly Withdrawal[],
  master: Seal,
): Promise<Map<string, WithdrawnFrom>> {
  if (withdrawals.length === 0) return new Map();
  const rows = withdrawals.map(({ attemptId, nowMs }) => ({ id: attemptId, at: new Date(nowMs).toISOString() }));
  const { rows: withdrawn } = await sql<WithdrawnRow>`
    with asked as (
      select distinct on (id) id, at
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as w(id text, at timestamptz)
    )
    update guestpass.attempts a set consent_withdrawn_at = asked.at
    from asked where a.id = asked.id and a.consent_timestamp is not null and a.consent_withdrawn_at is null
    returning a.id, a.guest_id, a.sealed_person,
      (select k.sealed_key from guestpass.subject_keys k where k.attempt_id = a.id) as sealed_key`.execute(work);
  return new Map(withdrawn.map((row) => [row.id, withdrawnFrom(row, master)]));
}

interface WithdrawnRow extends SealedPerson {
  /** Gateways of before left it in the clear. */
  readonly guest_id: string | null;
}

function withdrawnFrom(row: WithdrawnRow, master: Seal): WithdrawnFrom {
  const seal = openKey(row.id, row.sealed_key, master);
  const { guestId = row.guest_id ?? undefined } = openPerson(row, master);
  return { ...(guestId !== undefined && { guestId }), ...(seal && { seal }) };
}
