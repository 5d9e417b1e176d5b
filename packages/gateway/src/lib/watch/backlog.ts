import { type Clock, GuestpassError } from 'guestpass';
import { inTime } from '../in-time.ts';
import type { DeliveryStore } from '../store/deliveries.ts';
import type { Metrics } from './metrics/metrics.ts';

export interface BacklogOptions {
  readonly deliveries: Pick<DeliveryStore, 'undelivered' | 'oldestPending'>;
  readonly metrics: Pick<Metrics, 'beforeScrape' | 'webhookBacklog'>;
  readonly clock: Clock;
}

/** Whoever scrapes waits no longer than this for the database, in milliseconds: the other metrics tell that it hangs. */
const patienceMs = 2_000;

/** Has the metrics tell what waits for receivers, as it stands when they are asked. */
export function tellBacklog({ deliveries, metrics, clock }: BacklogOptions): void {
  const refresh = async () => {
    const { pending, held, dead } = await deliveries.undelivered();
    const oldest = await deliveries.oldestPending();
    metrics.webhookBacklog({ depth: pending, held, dead, oldestAgeMs: oldest ? clock.now() - oldest.getTime() : 0 });
  };
  const late = () => new GuestpassError('storage_unavailable', 'The backlog of webhooks did not come in time.');
  metrics.beforeScrape(() => inTime(refresh(), patienceMs, { clock, late }));
}
