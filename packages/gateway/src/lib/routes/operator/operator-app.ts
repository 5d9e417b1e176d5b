import type { HttpBindings } from '@hono/node-server';
import type { Clock } from 'guestpass';
import { isGuestpassError } from 'guestpass';
import type { AuditFault, AuditProof } from 'guestpass/audit';
import type { EndpointPolicy } from 'guestpass/webhook';
import { type Context, Hono, type HonoRequest } from 'hono';
import type { Events } from '../../events.ts';
import type { ClientAddress } from '../../http/client-address.ts';
import { addSecurityHeaders } from '../../http/headers.ts';
import type { OperatorGate } from '../../http/operator-gate.ts';
import type { OperatorSessions } from '../../http/operator-sessions.ts';
import type { Problems } from '../../http/problem.ts';
import type { ProblemCode } from '../../http/problem-table.ts';
import { type Refusal, refusalOf } from '../../http/refusal.ts';
import { requestId } from '../../http/request-id.ts';
import { renderSignIn } from '../../openapi/sign-in-page.ts';
import { mayDo, type Operator } from '../../settings/operator-roles.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { AuditStore } from '../../store/audit.ts';
import type { DeliveryStore } from '../../store/deliveries.ts';
import type { EndpointStore } from '../../store/endpoints.ts';
import type { HoldStore } from '../../store/holds.ts';
import { answerPage } from '../answer-page.ts';
import { createConsolePage } from '../pages/console-page.ts';
import { createAttemptRoutes } from './attempts.ts';
import { createAuditRoutes, type ManifestTerms } from './audit.ts';
import { type Configuration, createConfigurationRoutes } from './configuration.ts';
import { createDeliveryRoutes } from './deliveries.ts';
import { createEndpointRoutes } from './endpoints.ts';
import { createErasureRoutes } from './erasures.ts';
import { createExportRoutes } from './exports.ts';
import { createOperationRoutes, type MetricsSource, type ReadinessCheck } from './health.ts';
import { createHoldRoutes } from './holds.ts';
import { createJournal } from './journal.ts';
import { createOperatorRoute, createSessionRoutes } from './operator-sessions.ts';
import { createSignInRoutes, type SignInRoutesOptions } from './operator-sign-in.ts';
import { type Asked, type Asker, notFound, type OperatorRoute, roleRefusal } from './route.ts';
import { createStreamRoutes } from './stream.ts';
import type { StreamEvent } from './stream-event.ts';
import type { StreamMemory } from './stream-memory.ts';
import { createWithdrawalRoutes } from './withdrawals.ts';

export interface OperatorAppOptions extends SignInRoutesOptions {
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  readonly holds: HoldStore;
  /** What the stream tells. Disposed by its owner, which ends the streams. */
  readonly events: Events<StreamEvent, StreamMemory>;
  readonly gate: OperatorGate;
  /** Those that the gate knows; who holds one is told by name. */
  readonly sessions: OperatorSessions;
  /** Made for the audience `operator`. */
  readonly problems: Problems;
  readonly clock: Clock;
  readonly clientAddress: ClientAddress;
  /** Looks at what this gateway needs; ready when all checks are ok. Should answer within a second, and never reject. */
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** Whether the gateway has started. Default: it has. */
  readonly isStarted?: () => boolean;
  /** What addresses endpoints may have. Default https to public addresses. */
  readonly endpointPolicy?: EndpointPolicy;
  /** Such as the registry of prom-client. Default: there is nothing at `/metrics`. */
  readonly metrics?: MetricsSource;
  /** What this gateway runs with. Default: nobody is told. */
  readonly configuration?: Configuration;
  /** What stands in the manifests of exports. Default no checkpoint, and no signature. */
  readonly manifests?: ManifestTerms;
  /** Told what each check of the audit log found. */
  readonly onVerified?: (found: AuditProof | AuditFault) => void;
  /** Told of an error that is no refusal, and who met it under which request id. */
  readonly onError?: (error: unknown, asker: Asker) => void;
  /** Told of each request that could change something, and of each caller who was not let in or may not do it. */
  readonly onActed?: (acted: OperatorActed) => void;
}

/** A request of an operator, or of somebody who would be one. */
export interface OperatorActed extends Asker {
  readonly address: string;
  /** The id of the operation; `turned away` for a caller who was not let in. */
  readonly action: string;
  readonly status: number;
}

type Env = {
  readonly Bindings: HttpBindings;
  readonly Variables: {
    readonly requestId: string;
    readonly address: string;
    readonly operator: Operator | undefined;
    readonly action: string | undefined;
  };
};

/** What operators reach, each what the role allows. Health alone is told to everybody. */
export function createOperatorApp(options: OperatorAppOptions): Hono<Env> {
  const { gate, problems, clientAddress, onError, onActed = () => {} } = options;
  const routes = routesOf(options);
  const signIn = renderSignIn();
  const app = new Hono<Env>();
  const refuse = (c: Context<Env>, refusal: Refusal) => problems.reply(refusal, c.get('requestId'));

  app.use(async (c, next) => {
    const id = requestId(c.req.header('x-request-id'));
    c.set('requestId', id);
    c.set('address', clientAddress(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for') ?? null));
    await next();
    c.res.headers.set('X-Request-Id', id);
    addSecurityHeaders(c.res.headers);
    const action = c.get('action');
    if (action !== undefined) onActed({ ...askerOf(c), address: c.get('address'), action, status: c.res.status });
  });
  // The pages hold nothing but themselves: what they show they ask for, as the operator who signed in.
  for (const [path, answer] of createConsolePage()) app.get(path, (c) => answer(c.req.raw));
  app.use(async (c, next) => {
    if (isOpen(routes, c.req.path)) return await next();
    const entry = await gate.admit(c.req.raw, c.get('address'));
    if (entry.outcome === 'admitted') {
      c.set('operator', entry.operator);
      return await next();
    }
    const { refusal } = entry;
    c.set('action', 'turned away');
    return isPage(routes, c.req) && signInHelps.has(refusal.code) ? answerPage(signIn, 401) : refuse(c, refusal);
  });

  for (const route of routes) {
    const { id, method, path, role } = route.operation;
    app.on(method.toUpperCase(), honoPath(path), async (c) => {
      const operator = c.get('operator');
      const isAllowed = role === 'anybody' || (operator !== undefined && mayDo(operator.role, role));
      if (method !== 'get' || !isAllowed) c.set('action', id);
      const answer = isAllowed ? await route.answer(askedOf(c, gate)) : roleRefusal(role);
      const response = answer instanceof Response ? answer : refuse(c, answer);
      // What nobody is going to read must not be kept going.
      if (c.req.raw.method === 'HEAD') await response.body?.cancel();
      return response;
    });
  }
  for (const [path, methods] of methodsByPath(routes)) {
    const headers = { Allow: methods.join(', ') };
    const detail = 'This address does not know the method.';
    app.all(honoPath(path), (c) => refuse(c, { code: 'method_not_allowed', detail, headers }));
  }
  app.notFound((c) => refuse(c, notFound));
  app.onError((error, c) => {
    if (!isGuestpassError(error)) onError?.(error, askerOf(c));
    return refuse(c, refusalOf(error));
  });
  return app;
}

function routesOf(options: OperatorAppOptions): readonly OperatorRoute[] {
  const { attempts, audit, deliveries, endpoints, holds, events, clock } = options;
  const { manifests = { tool: 'guestpass' }, onVerified = () => {}, onError = () => {} } = options;
  const journal = createJournal(attempts, clock);
  return [
    // Before the routes of one of them, whose id would else be `export`.
    ...createExportRoutes({ attempts, deliveries, journal, clock, onBroken: onError }),
    ...createAttemptRoutes({ attempts, journal, clock }),
    ...createStreamRoutes({ events, attempts, journal, clock }),
    ...createDeliveryRoutes({ deliveries, journal, clock }),
    ...createEndpointRoutes({ endpoints, deliveries, journal, clock, policy: options.endpointPolicy }),
    ...createAuditRoutes({ audit, attempts, journal, clock, manifests, onVerified, onBroken: onError }),
    ...createErasureRoutes({ attempts, deliveries, holds, journal, clock }),
    ...createHoldRoutes({ attempts, holds, journal, clock }),
    ...createWithdrawalRoutes({ attempts, journal, clock }),
    ...createSessionRoutes(options.sessions),
    createOperatorRoute(),
    ...createSignInRoutes(options),
    ...createOperationRoutes(options),
    ...createConfigurationRoutes(options.configuration),
  ];
}

function isOpen(routes: readonly OperatorRoute[], path: string): boolean {
  return routes.some(({ operation }) => operation.role === 'anybody' && operation.path === path);
}

const signInHelps: ReadonlySet<ProblemCode> = new Set(['unauthorized_operator', 'cross_site_request']);

/** True when somebody opens a page in a browser. */
function isPage(routes: readonly OperatorRoute[], request: HonoRequest): boolean {
  const { method, path } = request;
  if (method !== 'GET' || !request.header('accept')?.includes('text/html')) return false;
  return routes.some(({ operation }) => operation.path === path && operation.answers[200]?.mediaType === 'text/html');
}

function askerOf(c: Context<Env>): Asker {
  return { requestId: c.get('requestId'), operator: c.get('operator') };
}

/** Stands for whoever asks for what anybody may. */
const nobody: Operator = { name: 'nobody', role: 'viewer' };

function askedOf(c: Context<Env>, gate: OperatorGate): Asked {
  const outgoing = c.env?.outgoing;
  const { headers } = c.req.raw;
  return {
    request: c.req.raw,
    params: c.req.param(),
    requestId: c.get('requestId'),
    address: c.get('address'),
    operator: c.get('operator') ?? nobody,
    ...(outgoing && { cut: () => outgoing.destroy() }),
    isStillIn: () => gate.stillKnows({ headers }),
  };
}

function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function methodsByPath(routes: readonly OperatorRoute[]): ReadonlyMap<string, readonly string[]> {
  const paths = Map.groupBy(routes, ({ operation }) => operation.path);
  // A path that is spelled out comes before one with a parameter that could stand for it.
  const spelledOutFirst = [...paths].toSorted(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')));
  return new Map(
    spelledOutFirst.map(([path, ofPath]) => {
      const methods = ofPath.map(({ operation }) => operation.method.toUpperCase());
      return [path, methods.includes('GET') ? ['GET', 'HEAD', ...methods.filter((one) => one !== 'GET')] : methods];
    }),
  );
}
