import { Counter, Gauge, type Registry } from 'prom-client';
import { createLabel } from './metric-label.ts';

/** What has not reached its receivers: how many wait, for a disabled endpoint or not, and how many were given up. */
export interface WebhookBacklog {
  readonly depth: number;
  readonly oldestAgeMs: number;
  readonly held: number;
  readonly dead: number;
}

export interface WebhookMetrics {
  deliveryTried(tried: { readonly endpointId: string; readonly result: string }): void;
  /** What waits to be delivered; `oldestAgeMs` is 0 when nothing does. */
  webhookBacklog(backlog: WebhookBacklog): void;
}

export function webhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry];
  const tries = new Counter({
    name: 'guestpass_webhook_attempts_total',
    help: 'Tries to deliver a webhook, by how they ended.',
    labelNames: ['endpoint', 'outcome'],
    registers,
  });
  const depth = new Gauge({
    name: 'guestpass_webhook_queue_depth',
    help: 'Deliveries that wait.',
    registers,
  });
  const oldest = new Gauge({
    name: 'guestpass_webhook_oldest_pending_age_seconds',
    help: 'Age of the delivery that waits longest.',
    registers,
  });
  const undelivered = new Gauge({
    name: 'guestpass_webhook_undelivered',
    help: 'Deliveries that nobody tries any more: given up, or held for a disabled endpoint.',
    labelNames: ['state'],
    registers,
  });
  const endpointOf = createLabel([], { further: 100 });
  const outcomeOf = createLabel(['delivered'], { further: 60 });
  return {
    deliveryTried: ({ endpointId, result }) =>
      tries.inc({ endpoint: endpointOf(endpointId), outcome: outcomeOf(result) }),
    webhookBacklog(backlog) {
      depth.set(backlog.depth);
      oldest.set(backlog.oldestAgeMs / 1_000);
      for (const state of ['dead', 'held'] as const) undelivered.set({ state }, backlog[state]);
    },
  };
}
