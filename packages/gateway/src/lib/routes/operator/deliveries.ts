import type { Clock } from 'guestpass';
import type * as z from 'zod';
import type { Refusal } from '../../http/refusal.ts';
import {
  type DeliveryDetail,
  type DeliveryView,
  getDelivery,
  listDeliveries,
  mostReplays,
  purgeDeliveries,
  replayDeliveries,
  replayDelivery,
  type replayFilterSchema,
} from '../../openapi/deliveries.ts';
import type { Delivery, DeliveryQuery, DeliveryStore, ReplayFilter } from '../../store/deliveries.ts';
import type { Journal } from './journal.ts';
import { pageOf, pageQuery } from './page.ts';
import { invalid, notFound, type OperatorRoute, route } from './route.ts';

export interface DeliveryRoutesOptions {
  readonly deliveries: DeliveryStore;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** Whoever opens a delivery, which shows its body, is on record; whoever leafs through the list is not. */
export function createDeliveryRoutes(options: DeliveryRoutesOptions): readonly OperatorRoute[] {
  const { deliveries, journal } = options;
  return [
    route(listDeliveries, async ({ query }) => {
      const rows = await deliveries.list({ ...pageQuery(query), ...deliveryFilter(query) });
      return Response.json(pageOf(rows, query, { view: deliveryView, cursor: ({ number }) => number }));
    }),
    route(getDelivery, async ({ params, ...caller }) => {
      const delivery = await deliveries.get(params.id);
      if (!delivery) return notFound;
      const attemptId = delivery.attempt_id;
      const about = { deliveryId: delivery.id, ...(attemptId !== null && { attemptId }) };
      await journal(caller, { eventType: 'OPERATOR_DELIVERY_READ', ...about });
      return Response.json(await detailOf(delivery, deliveries));
    }),
    replayOne(options),
    replayMany(options),
    purge(options),
  ];
}

function replayOne({ deliveries, journal, clock }: DeliveryRoutesOptions): OperatorRoute {
  return route(replayDelivery, async ({ params: { id }, body: { reason }, ...caller }) => {
    if (!(await deliveries.get(id))) return notFound;
    const filter = { ids: [id] };
    if ((await deliveries.countReplay(filter)) === 0) return notReplayable;
    await journal(caller, { eventType: 'OPERATOR_DELIVERY_REPLAY', reason, deliveryId: id });
    const [replayed] = await deliveries.replay(filter, { nowMs: clock.now() });
    const delivery = await deliveries.get(id);
    return replayed === undefined || !delivery ? notReplayable : Response.json(deliveryView(delivery), { status: 202 });
  });
}

const notReplayable: Refusal = {
  code: 'delivery_not_replayable',
  detail: 'The delivery is pending, was erased, or has a disabled or removed endpoint.',
};

function replayMany({ deliveries, journal, clock }: DeliveryRoutesOptions): OperatorRoute {
  return route(replayDeliveries, async ({ body: { dryRun, filter: asked, reason }, ...caller }) => {
    const filter = filterOf(asked);
    const count = await deliveries.countReplay(filter);
    if (dryRun) return Response.json({ dryRun, count });
    if (count > mostReplays) return tooMany;
    await journal(caller, {
      eventType: 'OPERATOR_DELIVERIES_REPLAY',
      reason,
      filter: toldFilter(asked),
      matching: count,
    });
    const replayed = await deliveries.replay(filter, { nowMs: clock.now() });
    return Response.json({ dryRun, count: replayed.length }, { status: 202 });
  });
}

function purge({ deliveries, journal }: DeliveryRoutesOptions): OperatorRoute {
  return route(purgeDeliveries, async ({ body: { dryRun, filter: asked, reason }, ...caller }) => {
    const { state: _, ...filter } = filterOf(asked);
    const count = await deliveries.countPurge(filter);
    if (dryRun) return Response.json({ dryRun, count });
    if (count > mostReplays) return tooMany;
    await journal(caller, {
      eventType: 'OPERATOR_DELIVERIES_PURGE',
      reason,
      filter: toldFilter(asked),
      matching: count,
    });
    return Response.json({ dryRun, count: await deliveries.purge(filter, mostReplays) });
  });
}

const tooMany = invalid([{ pointer: '/filter', detail: `must match at most ${mostReplays} deliveries` }]);

type AskedFilter = z.infer<typeof replayFilterSchema>;

function filterOf({ ids, state, endpointId, from, to }: AskedFilter): ReplayFilter {
  return {
    ...(ids && { ids }),
    ...(state && { state }),
    ...(endpointId !== undefined && { endpointId }),
    ...(from !== undefined && { fromMs: Date.parse(from) }),
    ...(to !== undefined && { toMs: Date.parse(to) }),
  };
}

/** A filter as it goes on record: a list of ids is counted, since it could fill a record by itself. */
function toldFilter({ ids, state, endpointId, from, to }: AskedFilter) {
  return {
    ...(ids && { ids: ids.length }),
    ...(state && { state }),
    ...(endpointId !== undefined && { endpointId }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

type AskedDeliveries = Pick<z.infer<NonNullable<typeof listDeliveries.query>>, 'state' | 'endpoint' | 'attempt'>;

/** Which deliveries are asked for, in the words of the store. */
export function deliveryFilter({ state, endpoint, attempt }: AskedDeliveries): Omit<DeliveryQuery, 'limit'> {
  return {
    ...(state && { state }),
    ...(endpoint !== undefined && { endpointId: endpoint }),
    ...(attempt !== undefined && { attemptId: attempt }),
  };
}

/** A delivery as it is told. */
export function deliveryView(row: Omit<Delivery, 'body'>): DeliveryView {
  const waitsFor = row.state === 'pending' ? row.behind : null;
  return {
    id: row.id,
    eventId: row.event_id,
    eventType: row.event_type,
    attemptId: row.attempt_id,
    endpointId: row.endpoint_id,
    state: row.state,
    tries: row.tries,
    nextAt: waitsFor === null ? (row.next_at?.toISOString() ?? null) : null,
    waitsFor,
    createdAt: row.created_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}

async function detailOf(delivery: Delivery, deliveries: DeliveryStore): Promise<DeliveryDetail> {
  const tries = await deliveries.tries(delivery.id);
  return {
    ...deliveryView(delivery),
    body: delivery.body?.toString('utf8') ?? null,
    attempts: tries.map((tried) => ({
      number: tried.try,
      startedAt: tried.started_at.toISOString(),
      durationMs: tried.duration_ms,
      outcome: tried.outcome,
      responseStatus: tried.response_status,
      responseExcerpt: tried.response_excerpt,
    })),
  };
}
