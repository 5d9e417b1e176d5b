import { type Clock, isGuestpassError } from 'guestpass';
import { checkEndpointUrl, type EndpointPolicy, generateWebhookSecret, parseWebhookSecret } from 'guestpass/webhook';
import type { Refusal } from '../../http/refusal.ts';
import {
  changeEndpoint,
  createEndpoint,
  disableEndpoint,
  type EndpointView,
  enableEndpoint,
  getEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateSecret,
} from '../../openapi/endpoints.ts';
import type { DeliveryStore } from '../../store/deliveries.ts';
import { type Endpoint, type EndpointStore, newEndpointId } from '../../store/endpoints.ts';
import type { Journal } from './journal.ts';
import { invalid, notFound, type OperatorRoute, route } from './route.ts';

export interface EndpointRoutesOptions {
  readonly endpoints: EndpointStore;
  readonly deliveries: Pick<DeliveryStore, 'replay' | 'letAllGo'>;
  readonly journal: Journal;
  readonly clock: Clock;
  /** What addresses endpoints may have. */
  readonly policy?: EndpointPolicy | undefined;
}

export function createEndpointRoutes(options: EndpointRoutesOptions): readonly OperatorRoute[] {
  const { endpoints } = options;
  return [
    route(listEndpoints, async () => Response.json({ data: (await endpoints.list()).map(viewOf), nextCursor: null })),
    route(getEndpoint, async ({ params }) => {
      const endpoint = await endpoints.get(params.id);
      return endpoint ? Response.json(viewOf(endpoint)) : notFound;
    }),
    create(options),
    change(options),
    remove(options),
    rotate(options),
    enable(options),
    disable(options),
  ];
}

function create({ endpoints, journal, clock, policy }: EndpointRoutesOptions): OperatorRoute {
  return route(createEndpoint, async ({ body, ...caller }) => {
    const { reason, secret = generateWebhookSecret(), description, eventTypes = null, ordering = 'none' } = body;
    const checked = checkEndpointUrl(body.url, policy);
    if (!checked.ok) return blocked(checked.detail);
    const weak = refuseSecret(secret);
    if (weak) return weak;
    const id = newEndpointId();
    // Only the origin goes on record: what stands behind it may be a secret of the receiver.
    const { href: url, origin } = checked.url;
    const terms = { eventTypes, ordering };
    await journal(caller, { eventType: 'OPERATOR_ENDPOINT_CREATE', reason, endpointId: id, origin, ...terms });
    const endpoint = await endpoints.create(
      { id, url, ...terms, secret, ...(description !== undefined && { description }) },
      clock.now(),
    );
    const headers = { Location: `/v1/webhook-endpoints/${id}` };
    return Response.json({ ...viewOf(endpoint), secret }, { status: 201, headers });
  });
}

function change({ endpoints, deliveries, journal, clock, policy }: EndpointRoutesOptions): OperatorRoute {
  return route(changeEndpoint, async ({ params: { id }, body: { reason, url: given, ...rest }, ...caller }) => {
    const checked = given === undefined ? undefined : checkEndpointUrl(given, policy);
    if (checked && !checked.ok) return blocked(checked.detail);
    if (!(await endpoints.get(id))) return notFound;
    await journal(caller, {
      eventType: 'OPERATOR_ENDPOINT_CHANGE',
      reason,
      endpointId: id,
      changed: [...(checked ? ['url'] : []), ...Object.keys(rest)],
      ...(checked && { origin: checked.url.origin }),
    });
    const { description, eventTypes, ordering } = rest;
    const changed = await endpoints.change(
      id,
      {
        ...(checked && { url: checked.url.href }),
        ...(description !== undefined && { description }),
        ...(eventTypes !== undefined && { eventTypes }),
        ...(ordering !== undefined && { ordering }),
      },
      clock.now(),
    );
    if (ordering === 'none') await deliveries.letAllGo(id);
    return changed ? Response.json(viewOf(changed)) : notFound;
  });
}

function remove({ endpoints, journal, clock }: EndpointRoutesOptions): OperatorRoute {
  return route(removeEndpoint, async ({ params: { id }, query: { reason }, ...caller }) => {
    if (!(await endpoints.get(id))) return notFound;
    await journal(caller, { eventType: 'OPERATOR_ENDPOINT_REMOVE', reason, endpointId: id });
    return (await endpoints.remove(id, clock.now())) ? new Response(null, { status: 204 }) : notFound;
  });
}

const usualOverlapSeconds = 86_400;

function rotate({ endpoints, journal, clock }: EndpointRoutesOptions): OperatorRoute {
  return route(rotateSecret, async ({ params: { id }, body, ...caller }) => {
    const { reason, secret = generateWebhookSecret(), overlapSeconds = usualOverlapSeconds } = body;
    const weak = refuseSecret(secret);
    if (weak) return weak;
    if (!(await endpoints.get(id))) return notFound;
    await journal(caller, { eventType: 'OPERATOR_ENDPOINT_SECRET_ROTATE', reason, endpointId: id, overlapSeconds });
    const nowMs = clock.now();
    const previousUntilMs = nowMs + overlapSeconds * 1_000;
    if (!(await endpoints.rotate(id, { secret, previousUntilMs }, nowMs))) return notFound;
    return Response.json({ secret, previousSecretUntil: new Date(previousUntilMs).toISOString() });
  });
}

function enable({ endpoints, deliveries, journal, clock }: EndpointRoutesOptions): OperatorRoute {
  return route(enableEndpoint, async ({ params: { id }, body: { reason, releaseHeld = false }, ...caller }) => {
    if (!(await endpoints.get(id))) return notFound;
    await journal(caller, { eventType: 'OPERATOR_ENDPOINT_ENABLE', reason, endpointId: id, releaseHeld });
    const nowMs = clock.now();
    if (!(await endpoints.enable(id, nowMs))) return notFound;
    const released = releaseHeld ? await release(deliveries, id, nowMs) : 0;
    const enabled = await endpoints.get(id);
    return enabled ? Response.json({ ...viewOf(enabled), released }) : notFound;
  });
}

/** Some at a time: after days of silence there may be more than one transaction takes. */
async function release(deliveries: Pick<DeliveryStore, 'replay'>, endpointId: string, nowMs: number): Promise<number> {
  const limit = 2_000;
  for (let released = 0; ; ) {
    const some = await deliveries.replay({ state: 'held', endpointId }, { nowMs, limit });
    released += some.length;
    if (some.length < limit) return released;
  }
}

function disable({ endpoints, journal, clock }: EndpointRoutesOptions): OperatorRoute {
  return route(disableEndpoint, async ({ params: { id }, body: { reason }, ...caller }) => {
    const before = await endpoints.get(id);
    if (!before?.enabled) return before ? Response.json(viewOf(before)) : notFound;
    await journal(caller, { eventType: 'OPERATOR_ENDPOINT_DISABLE', reason, endpointId: id });
    await endpoints.disable(id, reason, clock.now());
    const after = await endpoints.get(id);
    return after ? Response.json(viewOf(after)) : notFound;
  });
}

function blocked(detail: string): Refusal {
  return { code: 'ssrf_blocked', detail: `The address is refused: ${detail}`, faults: [{ pointer: '/url', detail }] };
}

function refuseSecret(secret: string): Refusal | undefined {
  try {
    parseWebhookSecret(secret);
    return undefined;
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return invalid([{ pointer: '/secret', detail: 'must be whsec_ and base64 of 24 to 64 bytes' }]);
  }
}

function viewOf(endpoint: Endpoint): EndpointView {
  return {
    ...endpoint,
    eventTypes: endpoint.eventTypes && [...endpoint.eventTypes],
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}
