import type { RecordedConsent } from '../store/recorded-consent.ts';

/** A record with what became of the consent since; one that was withdrawn does not expire any more. */
export function standingConsent(record: RecordedConsent, withdrawnAt: Date | null, nowMs: number): RecordedConsent {
  const { expiresAt } = record.consent;
  if (withdrawnAt) return inState(record, { state: 'withdrawn', withdrawnAt: withdrawnAt.toISOString() });
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs ? inState(record, { state: 'expired' }) : record;
}

function inState(record: RecordedConsent, change: Partial<RecordedConsent['consent']>): RecordedConsent {
  return { ...record, consent: { ...record.consent, ...change } };
}
