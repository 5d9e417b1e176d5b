import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from 'guestpass';
import { type Exchange, parseTraceparent, undiciExchange } from 'guestpass/http';
import { startSealer } from './audit/sealer.ts';
import { tellBacklog } from './backlog.ts';
import { configuredVerifiers } from './captcha/config-verifiers.ts';
import { checkpointKeys } from './checkpoint-key.ts';
import type { GatewayConfig } from './config.ts';
import { configuredConsent } from './consent-key.ts';
import { dataDirectory } from './data-directory.ts';
import { createEvents, type Events } from './events.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { createClientAddress } from './http/client-address.ts';
import { createOperatorGate } from './http/operator-gate.ts';
import { createOperatorSessions } from './http/operator-sessions.ts';
import { createProblems } from './http/problem.ts';
import { createMemoryRates } from './http/rate-store.ts';
import { refusalOf } from './http/refusal.ts';
import { type Listener, serve } from './http/serve.ts';
import { recordKeyChange } from './key-change.ts';
import { createLog, type GatewayLog } from './log.ts';
import { secretsOf } from './log-secrets.ts';
import { loadMasterKey } from './master-key.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { GatewayObserver } from './observer.ts';
import { createOpened } from './opened.ts';
import { type PlatformBreakers, watchBreakers } from './platform-breakers.ts';
import { countPlatformCalls, retryReasons } from './platform-calls.ts';
import { createReadiness } from './readiness.ts';
import { watchRefusals } from './receiver-refusals.ts';
import { keepRecords } from './records.ts';
import type { ManifestTerms } from './routes/operator/audit.ts';
import { createOperatorApp } from './routes/operator/operator-app.ts';
import { attemptEvent, deliveryEvent, type StreamEvent } from './routes/operator/stream-event.ts';
import { createSeldom } from './seldom.ts';
import { createHoldStore } from './store/holds.ts';
import type { MasterKey } from './store/seal.ts';
import { openUpstreams } from './upstreams.ts';

export interface ServiceOptions {
  readonly version: string;
  /** Where log lines go: one JSON object each, newline included. */
  readonly write: (line: string) => void;
  readonly clock?: Clock;
}

/** A gateway and its operator listener, as configured. */
export interface Service extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Origin of the operator listener. */
  readonly operatorUrl: string;
  /** The operator token when none was configured: made for this start alone. */
  readonly freshToken: string | undefined;
  /**
   * Ends it as a supervisor asks: unready first, then no new guests, then the ones under way. May be asked again.
   * Default as configured.
   */
  stop(drain?: GatewayConfig['drain']): Promise<void>;
}

/** Starts what the configuration says. Rejects with everything closed again when a part of it cannot run. */
export async function startService(config: GatewayConfig, options: ServiceOptions): Promise<Service> {
  const { clock = systemClock } = options;
  await using opened = createOpened();
  const token = config.operator.token ?? randomBytes(32).toString('base64url');
  const watch = watchOver(config, options, token);
  opened.use(countPlatformCalls({ ...placesOf(config), metrics: watch.metrics, clock }));
  const network = opened.adopt(undiciExchange({ clock }), (end) => end.close());
  const masterKey = config.masterKey ?? (await loadMasterKey(join(dataDirectory(config), 'master.key')));
  const gateway = opened.use(await openGateway(config, watch, { clock, exchange: network.exchange, masterKey }));
  watch.metrics.beforeScrape(async () => watch.metrics.tokenExpires(gateway.tokenExpiresAt()));
  await ensureEndpoint(gateway, config, clock);

  const keys = await checkpointKeys(config.checkpoints);
  const sealer = opened.use(
    await startSealer({
      audit: gateway.audit,
      origin: gateway.logId,
      ...keys,
      path: config.checkpoints.file,
      clock,
      onKeyChange: (change) => recordKeyChange(gateway, clock, change),
      onProblem: (error) => watch.log.trouble('The audit log could not be sealed.', error),
    }),
  );
  const state = { started: false, draining: false };
  const manifests = { tool: `guestpass ${options.version}`, ...keys, checkpoint: () => sealer.last };
  opened.use(
    keepRecords({
      ...config.retention,
      ...manifests,
      database: gateway.storage.database,
      audit: gateway.audit,
      origin: gateway.logId,
      clock,
      onProblem: (error) => watch.log.trouble('What is past its time could not be removed.', error),
    }),
  );
  const sessionKey = sessionKeyOf(masterKey, token);
  const setup = { gateway, watch, clock, token, sessionKey, state, manifests };
  const operator = opened.use(await openOperator(config, setup));
  if (config.receivers.allowHttp) watch.log.insecureReceivers();
  watch.log.listening({ name: 'public', url: gateway.url });
  watch.log.listening({ name: 'operator', url: operator.url });
  state.started = true;

  const running = opened.handOver();
  const stop = async ({ delayMs, graceMs }: GatewayConfig['drain']) => {
    const isFirst = !state.draining;
    state.draining = true;
    if (isFirst) watch.log.stopping();
    if (delayMs > 0) await new Promise<void>((resolve) => void clock.after(delayMs, resolve));
    // The last checkpoint needs the database, which the gateway closes.
    await gateway.drain(graceMs);
    try {
      await sealer[Symbol.asyncDispose]();
      watch.events[Symbol.dispose]();
      const cut = await operator.drain({ graceMs: 1_000 });
      if (isFirst) watch.log.stopped({ cut });
    } finally {
      await running();
    }
  };
  return {
    gateway,
    operatorUrl: operator.url,
    freshToken: config.operator.token === undefined ? token : undefined,
    stop: (drain = config.drain) => stop(drain),
    [Symbol.asyncDispose]: () => stop({ delayMs: 0, graceMs: 0 }),
  };
}

/** Where calls to the platform go, and how many a minute allows. */
function placesOf({ sdk }: GatewayConfig) {
  const { environment, requestsPerMinute = 300 } = sdk.options;
  return { urls: [environment.loginUrl, environment.apiUrl], perMinute: requestsPerMinute };
}

/** Everybody who is told what happens: the log, the counters and the operators' stream. */
interface Watch {
  readonly log: GatewayLog;
  readonly metrics: Metrics;
  readonly events: Events<StreamEvent>;
  readonly observer: GatewayObserver;
  readonly breakers: PlatformBreakers;
}

function watchOver(
  config: GatewayConfig,
  { version, write, clock = systemClock }: ServiceOptions,
  token: string,
): Watch {
  const log = createLog({ clock, write, level: config.logLevel, secrets: [token, ...secretsOf(config)] });
  const metrics = createMetrics({
    version,
    channels: config.platform.policy?.allowedChannels ?? [],
    process: true,
  });
  const events = createEvents<StreamEvent>();
  const breakers = watchBreakers({ log, metrics });
  return { log, metrics, events, observer: observe({ log, metrics, events }, clock), breakers };
}

function observe({ log, metrics, events }: Pick<Watch, 'log' | 'metrics' | 'events'>, clock: Clock): GatewayObserver {
  const isTime = createSeldom(clock, 10_000);
  const noteRefusal = watchRefusals(log.receiverRefuses);
  return {
    request({ caller, admission, error }) {
      const { address, requestId, trace } = caller;
      const ids = trace ? { requestId, traceId: trace.traceId } : { requestId };
      if (!admission) {
        const { code } = refusalOf(error);
        metrics.requestRefused(code);
        if (code === 'internal_error') log.trouble('A request could not be completed.', error, ids);
        else log.requestRefused({ address, ...ids, code });
        return;
      }
      const { attempt, replayed } = admission;
      log.attemptEnded(attempt, { address, ...ids, replayed });
      if (replayed) return;
      metrics.attemptEnded(attempt);
      for (const reason of retryReasons(attempt)) metrics.platformRetried({ operation: 'guest', reason });
      if (admission.recorded) metrics.auditRecorded(2);
      events.publish(attemptEvent(attempt, trace?.traceId));
    },
    withdrawal({ caller: { address, requestId, trace }, outcome, code, attemptId }) {
      metrics.withdrawalEnded({ outcome, code });
      if (outcome === 'withdrawn') metrics.auditRecorded(1);
      log.withdrawalEnded({ requestId, ...(trace && { traceId: trace.traceId }), address, outcome, code, attemptId });
    },
    delivery(ended) {
      const { delivery, tried, state } = ended;
      const result = tried.result === 'delivered' ? 'delivered' : (tried.failure ?? tried.result);
      metrics.deliveryTried({ endpointId: delivery.endpoint_id, result });
      log.deliveryTried({
        deliveryId: delivery.id,
        eventId: delivery.event_id,
        endpointId: delivery.endpoint_id,
        try: delivery.tries + 1,
        result,
        status: tried.status ?? null,
        durationMs: tried.durationMs,
        state,
        traceId: parseTraceparent(delivery.traceparent)?.traceId ?? null,
      });
      noteRefusal(ended);
      events.publish(deliveryEvent(ended, clock.now()));
    },
    turned({ code, address }) {
      metrics.turnedAway(code);
      // Whoever opens too many connections opens very many; the counter tells how many.
      if (code !== 'too_many_connections' || isTime()) log.turnedAway({ code, address });
    },
    problem: (error) => log.trouble('Something went wrong in the background.', error),
  };
}

interface GatewaySetup {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly masterKey: MasterKey;
}

async function openGateway(
  config: GatewayConfig,
  { observer, breakers, log, metrics }: Watch,
  { clock, exchange, masterKey }: GatewaySetup,
): Promise<Gateway> {
  const { policy = {} } = config.platform;
  const upstreams = openUpstreams({ ...config, clock, log, metrics });
  const means = { exchange, clock, guards: upstreams.captcha };
  const verifiers = { ...policy.captcha?.verifiers, ...configuredVerifiers(config.captcha, means) };
  const { altchaSecret } = config.captcha;
  return await startGateway({
    platform: {
      ...config.platform,
      breaker: config.platform.breaker ? breakers : false,
      bulkhead: upstreams.platform,
      policy: { ...policy, captcha: { ...policy.captcha, verifiers } },
    },
    storage: config.storage,
    masterKey,
    owner: `gateway-${randomUUID()}`,
    listen: config.listen,
    websites: config.websites,
    ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
    guestPage: { notice: config.guestNotice, channelId: onlyChannel(policy.allowedChannels) },
    consent: await configuredConsent(config),
    requireOrigin: config.requireOrigin,
    docsUrl: config.docsUrl,
    rates: config.rates,
    load: config.load,
    disks: [{ name: 'checkpoints', directory: dirname(config.checkpoints.file) }],
    isTrustedProxy: config.isTrustedProxy,
    receivers: config.receivers,
    ...(config.schedule && { schedule: config.schedule }),
    ...(altchaSecret !== undefined && { altchaSecret }),
    clock,
    observer,
  });
}

/**
 * The same at every gateway of a fleet with one token. The master key keeps whoever guesses the token from trying his
 * guesses on sessions; a new token ends them all.
 */
function sessionKeyOf(masterKey: MasterKey, token: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, token, 'guestpass/operator-session', 32));
}

/** Where one channel is all there is, nobody need name it. */
function onlyChannel(channels: readonly string[] = []): string | undefined {
  return channels.length === 1 ? channels[0] : undefined;
}

/** The receiver of the configuration; those made by operators stand beside it. */
async function ensureEndpoint({ endpoints }: Gateway, { webhook }: GatewayConfig, clock: Clock): Promise<void> {
  if (!webhook) return;
  const description = 'from the configuration';
  await endpoints.ensure({ ...webhook, description }, clock.now());
}

interface OperatorSetup {
  readonly gateway: Gateway;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly token: string;
  /** Signs the sessions of operators' browsers. */
  readonly sessionKey: Uint8Array;
  readonly state: { readonly started: boolean; readonly draining: boolean };
  readonly manifests: ManifestTerms;
}

async function openOperator(config: GatewayConfig, setup: OperatorSetup): Promise<Listener> {
  const { gateway, watch, clock, token, sessionKey, state, manifests } = setup;
  const { log, metrics } = watch;
  // Whoever guesses at tokens may do so very often.
  const isTime = createSeldom(clock, 10_000);
  const problems = createProblems({ audience: 'operator', docsUrl: config.docsUrl });
  const { database } = gateway.storage;
  const { deliveries } = gateway;
  tellBacklog({ deliveries, metrics, clock });
  const sessions = createOperatorSessions({ key: sessionKey, clock });
  const app = createOperatorApp({
    ...gateway,
    holds: createHoldStore(database),
    events: watch.events,
    gate: createOperatorGate({ token, failures: createMemoryRates({ clock }), sessions }),
    sessions,
    problems,
    clock,
    clientAddress: createClientAddress({ isTrusted: config.isTrustedProxy }),
    readiness: createReadiness({ ...gateway, ...watch.breakers, database, clock, isDraining: () => state.draining }),
    isStarted: () => state.started,
    endpointPolicy: config.receivers,
    manifests,
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      metrics: async () => (await metrics.scrape()).body,
    },
    onVerified: ({ ok }) => metrics.auditVerified({ valid: ok, atMs: clock.now() }),
    onActed: (acted) => {
      if (acted.action !== 'turned away' || isTime()) log.operatorActed(acted);
    },
    onError: (error, requestId) => log.trouble('An operator request could not be completed.', error, { requestId }),
  });
  const { host, port } = config.operator;
  return await serve((request, bindings) => app.fetch(request, bindings), {
    host,
    port,
    clock,
    problems,
    onTurned: (turned) => watch.observer.turned(turned),
    onError: (error) => log.trouble('An operator request failed.', error),
  });
}
