import type { Clock } from 'guestpass';
import type { KeyChange } from '../audit/sealer.ts';
import type { AttemptStore } from '../store/attempts.ts';
import type { AuditStore } from '../store/audit.ts';

const eventType = 'WEBMESSAGING_AUDIT_KEY_CHANGED';

export interface KeyChangeStores {
  readonly attempts: Pick<AttemptStore, 'recordEvent'>;
  readonly audit: Pick<AuditStore, 'page'>;
}

/** Puts a change of checkpoint keys into the audit log, unless it is there already. */
export async function recordKeyChange(
  { attempts, audit }: KeyChangeStores,
  clock: Clock,
  { from, to, sequence }: KeyChange,
): Promise<void> {
  const [last] = await audit.page({ limit: 1, eventType });
  const known: Partial<KeyChange> = last && last.sequence > sequence ? JSON.parse(last.line) : {};
  if (known.from === from && known.to === to) return;
  const nowMs = clock.now();
  await attempts.recordEvent({ eventType, from, to, timestamp: new Date(nowMs).toISOString() }, nowMs);
}
