import { type Clock, sleep } from 'guestpass';
import type { Exchange } from 'guestpass/http';
import { type Delivery as DeliveryTry, deliverWebhook, nextDelayMs } from 'guestpass/webhook';
import type { Delivery, DeliveryStore, TracedDelivery } from '../store/deliveries.ts';
import type { Verdict } from '../store/ended-tries.ts';
import type { Endpoint, EndpointStore, Receiver, TryEnd } from '../store/endpoints.ts';
import { plainTracing, type Tracing } from '../tracing/tracing.ts';
import { createReceiverPace, type PacedEnd } from './receiver-pace.ts';

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
  /** Follows each try. Default no spans; traces are carried on. */
  readonly tracing?: Pick<Tracing, 'deliver'>;
  /** Told how each try ended, once that is on record. */
  readonly onTry?: (ended: EndedTry) => void;
}

export interface EndedTry {
  readonly delivery: Delivery & Partial<TracedDelivery>;
  readonly tried: DeliveryTry;
  readonly state: Verdict['state'];
}

/** A delivery that needs a try, as it stood a moment ago. */
export interface Prepared {
  readonly delivery: TracedDelivery & { readonly body: Buffer };
  /** `undefined` when the endpoint was removed. */
  readonly receiver: Receiver | undefined;
  /** By the monotonic clock. */
  readonly readAtMs: number;
}

/** Makes tries of deliveries. */
export interface Deliverer {
  /**
   * Reads deliveries and who gets them, all at once, by id. Those that are settled are missing, and so are those that
   * have to wait for an earlier event of their guest: they come again.
   */
  prepare(deliveryIds: readonly string[]): Promise<ReadonlyMap<string, Prepared>>;
  /**
   * Makes one try and puts it on record. `answered` is called before that, when the receiver is done with it. Resolves
   * with false when the receiver is to be left alone: it was not asked, and the delivery has to come again. Rejects
   * when the record cannot be written, and when `signal` gave the try up, which then does not count; in both
   * cases the receiver will see the same id and bytes once more.
   */
  deliver(prepared: Prepared, answered?: () => void, signal?: AbortSignal): Promise<boolean>;
  /** The endpoints whose receivers are to be left alone now, because they asked for that. */
  resting(): readonly string[];
}

export function createDeliverWebhook(options: DeliverOptions): Deliverer {
  const { deliveries, endpoints, exchange, clock, tracing = plainTracing, onTry } = options;
  const pace = createReceiverPace(clock);

  const prepare = async (ids: readonly string[]) => {
    const due = (await deliveries.getAll(ids)).flatMap(pendingOrNot);
    const receiverIds = [...new Set(due.map(({ endpoint_id }) => endpoint_id))];
    const receivers = await endpoints.receivers(receiverIds, clock.now());
    const readAtMs = clock.monotonic();
    const inOrder = due.filter(({ endpoint_id }) => wantsOrder(receivers.get(endpoint_id)));
    const waiting = inOrder.length > 0 ? await deliveries.waitInLine(inOrder.map(({ id }) => id)) : [];
    const ready = due.filter(({ id }) => !waiting.includes(id));
    return new Map(
      ready.map((delivery) => [
        delivery.id,
        { delivery, receiver: receivers.get(delivery.endpoint_id), readAtMs } satisfies Prepared,
      ]),
    );
  };

  const fresh = async (prepared: Prepared) => {
    if (clock.monotonic() - prepared.readAtMs < freshMs) return prepared;
    const { id, tries } = prepared.delivery;
    const found = (await prepare([id])).get(id);
    return found?.delivery.tries === tries ? found : undefined;
  };

  /** Waits for the receiver's turn; false when it is to be left alone, also when it said so meanwhile. */
  const waitForTurn = async ({ endpoint, isUnwell }: Receiver, signal?: AbortSignal) => {
    const waitMs = pace.waitMs(endpoint.id, isUnwell);
    if (waitMs === undefined) return false;
    if (waitMs === 0) return true;
    const restUntilMs = pace.restUntilMs(endpoint.id);
    await sleep(clock, waitMs, signal);
    return pace.restUntilMs(endpoint.id) === restUntilMs;
  };

  return {
    prepare,
    resting: () => pace.resting(),
    async deliver(prepared, answered = () => {}, signal) {
      const { delivery, receiver } = (await fresh(prepared)) ?? {};
      if (!delivery) return true;
      if (!receiver?.endpoint.enabled) return await hold(deliveries, delivery, clock.now());
      if (!(await waitForTurn(receiver, signal))) return false;

      const { endpoint, secrets } = receiver;
      const startedAtMs = clock.now();
      const message = { endpoint: endpoint.url, id: delivery.event_id, body: delivery.body };
      const trace = tracing.deliver(aboutTry(delivery));
      let tried: DeliveryTry | undefined;
      try {
        const given = { exchange, clock, secrets, trace: trace.try, ...(signal && { signal }) };
        tried = await deliverWebhook(message, given);
      } finally {
        trace.end(tried && resultOf(tried));
      }
      answered();
      if (tried.failure === 'aborted') throw new Error('The try was given up.');
      pace.ended(endpoint.id, pacedEnd(tried));
      const verdict = judge(delivery, tried, options);
      const recorded = await deliveries.recordTry(delivery.id, finishedTry(delivery, tried, startedAtMs), verdict);
      if (!recorded) return true;
      await noteEndpoint(endpoint, tried, options);
      onTry?.({ delivery, tried, state: verdict.state });
      return true;
    },
  };
}

function aboutTry({ id, tries, traceparent, ...row }: TracedDelivery): Parameters<Tracing['deliver']>[0] {
  const { event_id: eventId, event_type: eventType, attempt_id: attemptId, endpoint_id: endpointId } = row;
  return { id, eventId, eventType, attemptId, endpointId, try: tries + 1, traceparent };
}

/** `delivered`, or what went wrong in one word. */
function resultOf({ result, failure }: DeliveryTry): string {
  return result === 'delivered' ? 'delivered' : (failure ?? result);
}

/**
 * A receiver that soon says no to one event, other than to the time or the number of them, has no trouble with the next.
 */
function endOf({ result, status = 0, failure, durationMs }: DeliveryTry): TryEnd {
  if (result === 'delivered') return 'delivered';
  const saysNo = failure === `http_${status}` && status >= 400 && status < 500 && !aboutLoad.includes(status);
  return saysNo && durationMs < soonMs ? 'turned down' : 'failed';
}

/** Who limits us, or names a time, is left alone for it (RFC 9110, section 10.2.3; RFC 6585, section 4). */
function pacedEnd(tried: DeliveryTry): PacedEnd {
  return { end: endOf(tried), restMs: tried.retryAfterMs ?? (tried.status === 429 ? 0 : undefined) };
}

/** Request Timeout, Too Early, Too Many Requests. */
const aboutLoad: readonly number[] = [408, 425, 429];

const soonMs = 2_000;

/** What was read longer ago than this is read again: it may have been erased, or its endpoint changed. */
const freshMs = 1_000;

function pendingOrNot(delivery: TracedDelivery): Prepared['delivery'][] {
  const { state, body } = delivery;
  return state === 'pending' && body ? [{ ...delivery, body }] : [];
}

/** What is held needs no order. */
function wantsOrder(receiver: Receiver | undefined): boolean {
  return receiver?.endpoint.enabled === true && receiver.endpoint.ordering === 'guest';
}

function judge(delivery: TracedDelivery, tried: DeliveryTry, { clock, random, schedule }: DeliverOptions): Verdict {
  if (tried.result === 'delivered') return { state: 'delivered' };
  const made = delivery.tries + 1;
  const delayMs = nextDelayMs(made, { random, lastResult: tried, ...(schedule && { schedule }) });
  return delayMs === undefined ? { state: 'dead' } : { state: 'pending', nextAtMs: clock.now() + delayMs };
}

function finishedTry(delivery: TracedDelivery, tried: DeliveryTry, startedAtMs: number) {
  return {
    number: delivery.tries + 1,
    startedAtMs,
    durationMs: tried.durationMs,
    outcome: resultOf(tried),
    responseStatus: tried.status ?? null,
    responseExcerpt: tried.responseExcerpt ?? null,
  };
}

/** What waits for a disabled endpoint is kept for the day it is enabled again. */
async function hold(deliveries: DeliveryStore, delivery: TracedDelivery, startedAtMs: number): Promise<true> {
  const finished = {
    number: delivery.tries + 1,
    startedAtMs,
    durationMs: 0,
    outcome: 'endpoint_disabled',
    responseStatus: null,
    responseExcerpt: null,
  };
  await deliveries.recordTry(delivery.id, finished, { state: 'held' });
  return true;
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
  // Most receivers never fail, and need no word of it.
  if (tried.result === 'delivered' && endpoint.failures === 0) return;
  const after = await endpoints.recordTry(endpoint.id, endOf(tried), nowMs);
  if (!after?.failingSince || after.failures < 10) return;
  if (nowMs - after.failingSince.getTime() < 5 * dayMs) return;
  await endpoints.disable(endpoint.id, 'The receiver has only failed for five days.', nowMs);
}
