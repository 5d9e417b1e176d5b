import type { Clock } from 'guestpass';
import type { Exchange } from 'guestpass/http';
import { type Delivery as DeliveryTry, deliverWebhook, nextDelayMs } from 'guestpass/webhook';
import type { Delivery, DeliveryStore, Verdict } from '../store/deliveries.ts';
import type { Endpoint, EndpointStore } from '../store/endpoints.ts';

export interface DeliverOptions {
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  /** The guarded network: endpoints are addresses others chose. */
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** The delay before each try, in milliseconds. Default that of Standard Webhooks: ten tries in 75 hours. */
  readonly schedule?: readonly number[];
  /** Told how each try ended, once that is on record. */
  readonly onTry?: (ended: EndedTry) => void;
}

export interface EndedTry {
  readonly delivery: Delivery;
  readonly tried: DeliveryTry;
  readonly state: Verdict['state'];
}

/**
 * Makes one try of a delivery and puts it on record. A delivery that is settled, or not due yet, is left alone, so a
 * job may come twice. Rejects when the record cannot be written; then the job comes again and the receiver sees the
 * same id and bytes once more.
 */
export function createDeliverWebhook(options: DeliverOptions): (deliveryId: string) => Promise<void> {
  const { deliveries, endpoints, exchange, clock, onTry } = options;
  return async (deliveryId) => {
    const delivery = await deliveries.get(deliveryId);
    if (delivery?.state !== 'pending' || !delivery.body) return;
    if (delivery.next_at && delivery.next_at.getTime() > clock.now() + earlyMs) return;

    const startedAtMs = clock.now();
    const endpoint = await endpoints.get(delivery.endpoint_id);
    if (!endpoint?.enabled) return await hold(deliveries, delivery, startedAtMs);

    const secrets = await endpoints.secrets(endpoint.id, startedAtMs);
    const message = { endpoint: endpoint.url, id: delivery.event_id, body: delivery.body };
    const tried = await deliverWebhook(message, { exchange, clock, secrets });
    const verdict = judge(delivery, tried, options);
    const recorded = await deliveries.recordTry(delivery.id, finishedTry(delivery, tried, startedAtMs), verdict);
    if (!recorded) return;
    await noteEndpoint(endpoint, tried, options);
    onTry?.({ delivery, tried, state: verdict.state });
  };
}

/** Clocks of a fleet differ a little; a job this early is its own. */
const earlyMs = 2_000;

function judge(delivery: Delivery, tried: DeliveryTry, { clock, random, schedule }: DeliverOptions): Verdict {
  if (tried.result === 'delivered') return { state: 'delivered' };
  const made = delivery.tries + 1;
  const delayMs = nextDelayMs(made, { random, lastResult: tried, ...(schedule && { schedule }) });
  return delayMs === undefined ? { state: 'dead' } : { state: 'pending', nextAtMs: clock.now() + delayMs };
}

function finishedTry(delivery: Delivery, tried: DeliveryTry, startedAtMs: number) {
  return {
    number: delivery.tries + 1,
    startedAtMs,
    durationMs: tried.durationMs,
    outcome: tried.result === 'delivered' ? 'delivered' : (tried.failure ?? tried.result),
    responseStatus: tried.status ?? null,
    responseExcerpt: tried.responseExcerpt ?? null,
  };
}

/** What waits for a disabled endpoint is kept for the day it is enabled again. */
async function hold(deliveries: DeliveryStore, delivery: Delivery, startedAtMs: number): Promise<void> {
  const finished = {
    number: delivery.tries + 1,
    startedAtMs,
    durationMs: 0,
    outcome: 'endpoint_disabled',
    responseStatus: null,
    responseExcerpt: null,
  };
  await deliveries.recordTry(delivery.id, finished, { state: 'held' });
}

const dayMs = 86_400_000;

/** A receiver that says it is gone, or has only failed for five days, is asked no more. */
async function noteEndpoint(endpoint: Endpoint, tried: DeliveryTry, options: DeliverOptions): Promise<void> {
  const { endpoints, clock } = options;
  const nowMs = clock.now();
  if (tried.result === 'gone') {
    await endpoints.disable(endpoint.id, 'The receiver answered 410 Gone.', nowMs);
    return;
  }
  const after = await endpoints.recordTry(endpoint.id, tried.result === 'delivered', nowMs);
  if (!after?.failingSince || after.failures < 10) return;
  if (nowMs - after.failingSince.getTime() < 5 * dayMs) return;
  await endpoints.disable(endpoint.id, 'The receiver has only failed for five days.', nowMs);
}
