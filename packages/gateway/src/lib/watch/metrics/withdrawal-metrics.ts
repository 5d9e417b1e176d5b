import { errorTable } from 'guestpass';
import { Counter, type Registry } from 'prom-client';
import { gatewayErrorTable } from '../../http/problem-table.ts';
import type { WithdrawalOutcome } from '../../routes/withdraw-consent.ts';
import { createLabel } from './metric-label.ts';

export interface WithdrawalMetrics {
  /** A guest asked to take the consent back; `code` says why that did not come about. */
  withdrawalEnded(ended: { readonly outcome: WithdrawalOutcome; readonly code: string | null }): void;
}

export function withdrawalMetrics(registry: Registry): WithdrawalMetrics {
  const withdrawals = new Counter({
    name: 'guestpass_consent_withdrawals_total',
    help: 'Consents that guests took back by their receipts, by how that ended.',
    labelNames: ['outcome', 'code'],
    registers: [registry],
  });
  const codeOf = createLabel([...Object.keys(errorTable), ...Object.keys(gatewayErrorTable), 'none']);
  for (const outcome of ['withdrawn', 'repeated']) withdrawals.inc({ outcome, code: 'none' }, 0);
  return { withdrawalEnded: ({ outcome, code }) => withdrawals.inc({ outcome, code: codeOf(code ?? 'none') }) };
}
