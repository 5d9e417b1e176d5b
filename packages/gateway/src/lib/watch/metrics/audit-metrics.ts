import { Counter, Gauge, type Registry } from 'prom-client';

export interface AuditMetrics {
  auditRecorded(count: number): void;
  auditVerified(verification: { readonly valid: boolean; readonly atMs: number }): void;
}

export function auditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry];
  const records = new Counter({
    name: 'guestpass_audit_records_total',
    help: 'Records added to the audit log by this gateway.',
    registers,
  });
  const valid = new Gauge({
    name: 'guestpass_audit_chain_valid',
    help: '1 when the audit log was whole at its last verification, else 0; absent before the first.',
    registers,
  });
  const verifiedAt = new Gauge({
    name: 'guestpass_audit_last_verified_timestamp_seconds',
    help: 'When the audit log was last verified; absent before the first time.',
    registers,
  });
  // A gauge of 0 would say that the chain is broken.
  valid.remove();
  verifiedAt.remove();
  return {
    auditRecorded: (count) => records.inc(count),
    auditVerified(verification) {
      valid.set(verification.valid ? 1 : 0);
      verifiedAt.set(verification.atMs / 1_000);
    },
  };
}
