/** What the gauges of the gateway tell, read from the text format of Prometheus. */
export interface Vitals {
  /** Deliveries that wait. */
  readonly waiting: number | null;
  readonly oldestWaitingMs: number | null;
  /** Whether the audit log was whole when it was last checked; `null` when it was not since the gateway's start. */
  readonly chainValid: boolean | null;
  readonly chainCheckedMs: number | null;
}

export function vitalsOf(metrics: string): Vitals {
  const seconds = (name: string) => {
    const value = gaugeIn(metrics, name);
    return value === null ? null : value * 1_000;
  };
  const valid = gaugeIn(metrics, 'guestpass_audit_chain_valid');
  return {
    waiting: gaugeIn(metrics, 'guestpass_webhook_queue_depth'),
    oldestWaitingMs: seconds('guestpass_webhook_oldest_pending_age_seconds'),
    chainValid: valid === null ? null : valid === 1,
    chainCheckedMs: seconds('guestpass_audit_last_verified_timestamp_seconds'),
  };
}

/** The value of a gauge that has no labels. */
function gaugeIn(metrics: string, name: string): number | null {
  const line = metrics.split('\n').find((one) => one.startsWith(`${name} `));
  const value = Number(line?.slice(name.length + 1));
  return line === undefined || Number.isNaN(value) ? null : value;
}
