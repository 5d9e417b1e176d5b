import { hkdfSync, type KeyObject } from 'node:crypto';
import type { TracerProvider } from '@opentelemetry/api';
import {
  type Clock,
  GuestpassError,
  type PipelineOptions,
  type PlatformHosts,
  resolveEnvironment,
  systemClock,
} from 'guestpass';
import type { Exchange } from 'guestpass/http';
import { createPipeline } from 'guestpass/pipeline';
import { type EndpointPolicy, guardedExchange } from 'guestpass/webhook';
import { type Admit, createAdmit } from './admission/admission.ts';
import { turnsOfClient } from './admission/fleet-turns.ts';
import { type GuestLimits, openGuestLimits, type WorkLoad } from './admission/guest-limits.ts';
import { createOutcomeKeeper } from './admission/outcome-keeper.ts';
import { type Altcha, type AltchaOptions, createAltcha } from './captcha/altcha.ts';
import { fleetCaptchaUses } from './captcha/fleet-uses.ts';
import { gatewayPolicy } from './captcha/gateway-policy.ts';
import { type Consents, createConsents } from './consent/consents.ts';
import { openReceiptKeys } from './consent/receipt-keys.ts';
import { createClientAddress } from './http/client-address.ts';
import { type AllowedOrigin, createOrigins } from './http/origins.ts';
import { createProblems } from './http/problem.ts';
import type { GuestRates } from './http/rate-limits.ts';
import { type Handler, serve } from './http/serve.ts';
import { createDeliverWebhook } from './jobs/deliver-webhook.ts';
import { type DeliveryQueue, openDeliveryQueue } from './jobs/delivery-queue.ts';
import { createOpened, type Opened } from './opened.ts';
import { createPublicApp } from './public-app.ts';
import type { GuestPageOptions } from './routes/pages/guest-page.ts';
import type { ConsentNotice } from './settings/consent-notices.ts';
import { openStorage, type Storage, type StorageOptions } from './storage.ts';
import { type AttemptStore, createAttemptStore } from './store/attempts.ts';
import { type AuditStore, createAuditStore } from './store/audit.ts';
import { type CaptchaUses, createCaptchaUses } from './store/captcha-uses.ts';
import { createConsentKeys } from './store/consent-keys.ts';
import { createDeliveryStore, type DeliveryStore } from './store/deliveries.ts';
import { createEndpointStore, type EndpointStore } from './store/endpoints.ts';
import { createRateUses, type RateUses } from './store/rate-uses.ts';
import type { MasterKey } from './store/seal.ts';
import { createTracing } from './tracing/tracer.ts';
import type { Tracing } from './tracing/tracing.ts';
import { type DiskPlace, type MeasureDisk, type Room, type RoomLimits, watchRoom } from './upkeep/room.ts';
import { type Chore, startUpkeep } from './upkeep/upkeep.ts';
import { calmObserver, type GatewayObserver } from './watch/observer.ts';

export interface GatewayOptions {
  /** Platform, credentials and policy, as the SDK takes them; the policy is stricter by default. */
  readonly platform: PipelineOptions;
  readonly storage: StorageOptions;
  /** Seals session tokens, guests' keys and webhook secrets in the database; the same for every gateway of one fleet. */
  readonly masterKey: MasterKey;
  /** Names this process among those that share the database. */
  readonly owner: string;
  /** Address of the public listener. Default any free port of the loopback interface. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  /** Websites that may let guests in. Without any, callers need no `Origin`. Default none. */
  readonly websites?: readonly AllowedOrigin[];
  /** Address browsers know the public listener by. Default where it listens. */
  readonly publicUrl?: string;
  /** Page that explains the error codes, linked from error answers. Default `/docs/errors` of the listener itself. */
  readonly docsUrl?: string | undefined;
  /** What visitors of the guest page consent to, and the channel of those whose address names none. */
  readonly guestPage?: Pick<GuestPageOptions, 'notice' | 'channelId'>;
  /** Notices guests consent to, and the Ed25519 key that signs their receipts. Default any notice will do, without receipts. */
  readonly consent?: { readonly notices: readonly ConsentNotice[]; readonly key: KeyObject } | undefined;
  /** Refuse callers without an `Origin` too. Default: when there are websites. */
  readonly requireOrigin?: boolean;
  /** Refuse requests for a guest that have no `Idempotency-Key`. Default false. */
  readonly requireIdempotencyKey?: boolean;
  /** How much is taken on at once. */
  readonly load?: Partial<Load>;
  /** Whose disks must have room, beside that of an embedded database. Default none. */
  readonly disks?: readonly DiskPlace[];
  /** Looks how full a disk is. Default: the system is asked. */
  readonly measureDisk?: MeasureDisk;
  /** Signs ALTCHA challenges; at least 32 characters. A function is asked for each. Default one derived from the master key. */
  readonly altchaSecret?: AltchaOptions['secret'];
  /** How often guests may ask a fleet in a minute. Default 10 an address, 60 a subnet, 600 a channel, 3,000 in all. */
  readonly rates?: Partial<GuestRates>;
  /** True for the addresses of proxies whose `X-Forwarded-For` is believed. Default none. */
  readonly isTrustedProxy?: (address: string) => boolean;
  /** Cost of the ALTCHA challenges. Default some two seconds of one thread. */
  readonly altcha?: Pick<AltchaOptions, 'cost' | 'guesses'>;
  /** Which receivers webhooks may reach. Default public https on ports 443 and 8443. */
  readonly receivers?: EndpointPolicy;
  /** The delay before each try of a delivery, in milliseconds. Default that of Standard Webhooks. */
  readonly schedule?: readonly number[];
  /**
   * How long an attempt may take, in milliseconds, before its process counts as gone and it becomes `unknown`. Longer
   * than the deadline of an attempt, with room for the database. Default 60,000, or 30,000 more than the deadline.
   */
  readonly leaseMs?: number;
  readonly clock?: Clock;
  /** 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: () => number;
  readonly observer?: Partial<GatewayObserver>;
  /** Takes OpenTelemetry spans. Default the provider that an SDK has registered in this process; without one there are none. */
  readonly tracerProvider?: TracerProvider;
}

/** Bounds of the public listener. */
export interface Load extends WorkLoad, RoomLimits {
  /** Connections in all. Default 2,000. */
  readonly maxConnections: number;
  /** Connections from one address. Default 100. */
  readonly maxConnectionsPerAddress: number;
}

/** A gateway that serves. */
export interface Gateway extends AsyncDisposable {
  /** Origin of the public listener. */
  readonly url: string;
  readonly storage: Storage;
  /** Tells the audit log of this fleet from those of others: derived from the master key, and says nothing of it. */
  readonly logId: string;
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  readonly room: Pick<Room, 'backlog' | 'disk'>;
  /** When the access token at hand ends, in milliseconds since the Unix epoch; `null` when none is held or needed. */
  tokenExpiresAt(): number | null;
  /** Stops accepting guests and lets those under way end, for `graceMs` at most. Webhooks and database go on. */
  drain(graceMs: number): Promise<void>;
  /** Drains, then closes everything. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts a gateway: database, migrations, webhook worker, public listener. Rejects, with everything closed again, when
 * one of them cannot run.
 */
export async function startGateway(given: GatewayOptions): Promise<Gateway> {
  const observer = calmObserver(given.observer ?? {});
  const { deadlineMs = 10_000 } = given.platform;
  const { clock = systemClock, leaseMs = Math.max(60_000, deadlineMs + 30_000) } = given;
  if (leaseMs <= deadlineMs) throw tooShort(leaseMs);
  const tracing = createTracing({ clock, provider: given.tracerProvider, onProblem: observer.problem });
  const options = { ...given, observer, leaseMs, tracing };
  await using opened = createOpened();
  const onProblem = observer.problem;
  // Opened before the queue and so closed after it: a delivery under way still has its network.
  const receivers = opened.adopt(guardedExchange(options.receivers ?? {}), (open) => open.close());
  const storage = opened.use(await openStorage(options.storage, { clock, onProblem }));
  const stores = await openStores(storage, options, opened);
  await startWorker(stores, options, receivers.exchange);

  const uses = fleetCaptchaUses(stores.captchaUses, clock);
  const altcha = createAltcha({
    secret: options.altchaSecret ?? derived(options.masterKey, 'guestpass/altcha'),
    uses,
    clock,
    ...options.altcha,
  });
  const consents = await openConsents(options, storage, clock);
  const rules = { altcha, uses, isKnownNotice: consents?.isKnownNotice, clock };
  const policy = gatewayPolicy(options.platform.policy ?? {}, rules);
  const turns = turnsOfClient({ ...options, ...storage, clock, onProblem });
  const pipeline = opened.adopt(
    createPipeline({ trace: tracing.alone, ...turns, ...options.platform, clock, policy }),
    (open) => open.close(),
  );
  const outcomes = opened.use(createOutcomeKeeper({ ...stores, clock, leaseMs, onProblem }));
  const admit = createAdmit({ pipeline, attempts: stores.attempts, outcomes, consents, clock });
  await stores.attempts.recoverOrphans(clock.now());
  opened.use(startUpkeep({ clock, chores: choresOf({ ...stores, ...storage }, clock, leaseMs), onProblem }));

  const ownOrigins: string[] = [];
  const room = opened.use(await watchRoom(roomOf(options, storage, clock)));
  const limits = openGuestLimits({ ...options, ...stores, deadlineMs, room, clock, onProblem }, opened);
  const handler = publicHandler({ admit, altcha, limits, consents, attempts: stores.attempts, ownOrigins }, options);
  const problems = createProblems({ docsUrl: options.docsUrl });
  const listener = opened.use(
    await serve(handler, {
      ...options.listen,
      clock,
      problems,
      ...(options.load && { limits: options.load }),
      ...(options.isTrustedProxy && { isTrusted: options.isTrustedProxy }),
      onTurned: observer.turned,
      onError: onProblem,
    }),
  );
  ownOrigins.push(...originsOf(options.publicUrl ?? listener.url));
  const running = opened.handOver();
  const drain = async (graceMs: number) => {
    await listener.drain({ graceMs });
  };
  const stop = async (graceMs = 10_000) => {
    await drain(graceMs);
    await running();
  };
  const logId = `guestpass-${derived(options.masterKey, 'guestpass/audit-log-id').slice(0, 16)}`;
  const { url } = listener;
  const { tokenExpiresAt } = pipeline;
  return { url, storage, logId, ...stores, room, tokenExpiresAt, drain, stop, [Symbol.asyncDispose]: () => stop(0) };
}

/** The options, with what follows from them. */
interface Settled extends GatewayOptions {
  readonly observer: GatewayObserver;
  readonly leaseMs: number;
  readonly tracing: Tracing;
}

interface Stores {
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  readonly captchaUses: CaptchaUses;
  readonly rateUses: RateUses;
  readonly queue: DeliveryQueue;
}

async function openStores(
  { database, url }: Storage,
  { masterKey, owner, leaseMs, clock = systemClock, observer }: Settled,
  opened: Opened,
): Promise<Stores> {
  const queue = opened.use(await openDeliveryQueue({ url, clock, onProblem: observer.problem }));
  const { announce, announced } = queue;
  return {
    queue,
    attempts: opened.use(createAttemptStore({ database, masterKey, owner, announce, announced, leaseMs, clock })),
    audit: createAuditStore(database, masterKey),
    deliveries: createDeliveryStore({ database, masterKey, announce }),
    endpoints: createEndpointStore(database, masterKey),
    captchaUses: createCaptchaUses(database, masterKey),
    rateUses: createRateUses({ database, masterKey }),
  };
}

async function startWorker(stores: Stores, options: Settled, exchange: Exchange): Promise<void> {
  const { clock = systemClock, random = Math.random, schedule, observer, tracing } = options;
  const deliver = createDeliverWebhook({
    ...stores,
    exchange,
    clock,
    random,
    ...(schedule && { schedule }),
    tracing,
    onTry: observer.delivery,
  });
  await stores.queue.start(deliver);
}

function choresOf(
  { attempts, captchaUses, rateUses, queue, database }: Stores & Pick<Storage, 'database'>,
  clock: Clock,
  leaseMs: number,
): readonly Chore[] {
  return [
    { everyMs: Math.min(10_000, leaseMs), run: () => attempts.recoverOrphans(clock.now()) },
    { everyMs: 600_000, run: () => attempts.forgetExpired(clock.now()) },
    { everyMs: 600_000, run: () => queue.recover(database, clock.now() - 600_000) },
    { everyMs: 600_000, run: () => captchaUses.forgetExpired() },
    { everyMs: 60_000, run: () => rateUses.forget() },
  ];
}

function roomOf({ load = {}, storage, disks = [], measureDisk }: Settled, { database }: Storage, clock: Clock) {
  const own = 'directory' in storage ? [{ name: 'database', directory: storage.directory }] : [];
  return { database, clock, limits: load, places: [...own, ...disks], measureDisk };
}

function tooShort(leaseMs: number): GuestpassError {
  const detail = `A lease of ${leaseMs} ms ends while an attempt may still be under way.`;
  return new GuestpassError('config_invalid', detail, { remedy: 'Make the lease longer than the deadline.' });
}

/** The same at every gateway of a fleet without another secret to hand out; hex. */
function derived(masterKey: MasterKey, purpose: string): string {
  return Buffer.from(hkdfSync('sha256', masterKey, '', purpose, 32)).toString('hex');
}

/** A browser on this machine may say `localhost` too. */
function originsOf(url: string): readonly string[] {
  const { protocol, hostname, port, origin } = new URL(url);
  const isLoopback = /^127\.|^\[::1\]$/.test(hostname);
  return [origin, ...(isLoopback ? [new URL(`${protocol}//localhost:${port}`).origin] : [])];
}

function platformOf({ environment }: PipelineOptions): PlatformHosts {
  return typeof environment === 'string' ? resolveEnvironment(environment) : environment;
}

async function openConsents({ consent }: Settled, { database }: Storage, clock: Clock): Promise<Consents | undefined> {
  if (!consent) return undefined;
  const store = createConsentKeys(database);
  return createConsents(consent.notices, await openReceiptKeys({ privateKey: consent.key, store, nowMs: clock.now() }));
}

interface Services {
  readonly admit: Admit;
  readonly altcha: Altcha;
  readonly limits: GuestLimits;
  readonly consents: Consents | undefined;
  readonly attempts: AttemptStore;
  /** Of our own pages; known when we listen. */
  readonly ownOrigins: readonly string[];
}

function publicHandler(services: Services, options: Settled): Handler {
  const { admit, altcha, limits, consents, attempts, ownOrigins } = services;
  const { gate, guestRates, challengeRates, consentRates } = limits;
  const { websites = [], isTrustedProxy = () => false, observer, clock = systemClock, requireIdempotencyKey } = options;
  const problems = createProblems({ docsUrl: options.docsUrl });
  const origins = createOrigins({
    allowed: websites,
    own: () => ownOrigins,
    ...(options.requireOrigin !== undefined && { required: options.requireOrigin }),
  });
  const rules = { origins, problems };
  const app = createPublicApp({
    ...rules,
    desk: { ...rules, requireIdempotencyKey, admit, gate, rates: guestRates, onEnded: observer.request },
    altcha,
    challengeRates,
    clientAddress: createClientAddress({ isTrusted: isTrustedProxy }),
    consents: consents && { ...rules, consents, attempts, rates: consentRates, clock, onEnded: observer.withdrawal },
    guestPage: { ...options.guestPage, notices: options.consent?.notices, platform: platformOf(options.platform) },
    tracing: options.tracing,
    onError: observer.problem,
  });
  return (request, bindings) => app.fetch(request, bindings);
}
