import { Counter, Gauge, type Registry } from 'prom-client';
import { createLabel } from './metric-label.ts';

/** Calls to the platform, and what they need. */
export interface PlatformMetrics {
  /** One try of a call to the platform; `status` is `null` when no answer came, and may be a code of web messaging. */
  platformCalled(call: { readonly operation: string; readonly status: number | null }): void;
  platformRetried(retry: { readonly operation: string; readonly reason: string }): void;
  /** How much of the calls a minute allows has been used, 0 to 1; 0 where there is no such budget. */
  rateBudgetUsed(share: number): void;
  /** Whether calls to the platform are held back because it keeps failing. */
  circuitOpen(circuit: { readonly operation: 'token' | 'sign-in' | 'guest'; readonly open: boolean }): void;
  /** When the access token ends, in milliseconds since the Unix epoch; `null`, shown as 0, when none is held. */
  tokenExpires(atMs: number | null): void;
}

export function platformMetrics(registry: Registry): PlatformMetrics {
  const registers = [registry];
  const calls = new Counter({
    name: 'guestpass_genesys_requests_total',
    help: 'Tries of calls to the platform, by status, or by the code that refused a session of web messaging; `none` when no answer came.',
    labelNames: ['operation', 'status_code'],
    registers,
  });
  const retries = new Counter({
    name: 'guestpass_genesys_retries_total',
    help: 'Calls to the platform that were repeated, by what was answered before: `http_` and a status, or what went wrong.',
    labelNames: ['operation', 'reason'],
    registers,
  });
  const budget = new Gauge({
    name: 'guestpass_genesys_rate_budget_used_ratio',
    help: 'Share of the calls allowed in a minute that has been used; 0 with the issuers of web messaging, which have no such budget.',
    registers,
  });
  const expiry = new Gauge({
    name: 'guestpass_token_expiry_timestamp_seconds',
    help: 'When the access token ends; 0 when none is held.',
    registers,
  });
  const circuits = new Gauge({
    name: 'guestpass_genesys_circuit_open',
    help: '1 while calls to the platform are held back because it keeps failing, else 0.',
    labelNames: ['operation'],
    registers,
  });
  for (const operation of ['token', 'sign-in', 'guest']) circuits.set({ operation }, 0);
  const operationOf = createLabel(['token', 'sign-in', 'guest']);
  const reasonOf = createLabel([], { further: 30 });
  return {
    platformCalled({ operation, status }) {
      calls.inc({
        operation: operationOf(operation),
        status_code: status === null ? 'none' : isKnown(status) ? status : 'other',
      });
    },
    platformRetried: ({ operation, reason }) =>
      retries.inc({ operation: operationOf(operation), reason: reasonOf(reason) }),
    rateBudgetUsed: (share) => budget.set(share),
    circuitOpen: ({ operation, open }) => circuits.set({ operation }, open ? 1 : 0),
    tokenExpires: (atMs) => expiry.set((atMs ?? 0) / 1_000),
  };
}

/** Statuses of HTTP, and codes of web messaging: 4000 and some more. */
function isKnown(status: number): boolean {
  return Number.isInteger(status) && ((status >= 100 && status <= 599) || (status >= 4000 && status <= 4199));
}
