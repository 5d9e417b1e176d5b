import { randomBytes, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Clock, messagingUrlOf, type PipelineOptions, systemClock } from 'guestpass';
import { type Exchange, undiciExchange } from 'guestpass/http';
import { startSealer } from './audit/sealer.ts';
import { configuredVerifiers } from './captcha/config-verifiers.ts';
import { ensureEndpoint } from './configured-endpoint.ts';
import { configuredConsent } from './consent-key.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { createClientAddress } from './http/client-address.ts';
import { createProblems } from './http/problem.ts';
import { type Listener, serve } from './http/serve.ts';
import { createOpened, type Opened } from './opened.ts';
import { createOperatorAccess, type OperatorAccess, tokenOperators } from './operator-access.ts';
import { createSignInDesk } from './operator-sign-in.ts';
import { type ConfigReload, createConfigReload, type Reload } from './reload/config-reload.ts';
import { type ConfigSource, openReloads } from './reloads.ts';
import type { ManifestTerms } from './routes/operator/audit.ts';
import type { Configuration } from './routes/operator/configuration.ts';
import { createOperatorApp } from './routes/operator/operator-app.ts';
import type { SignInDesk } from './routes/operator/operator-sign-in.ts';
import { type Watch, type WatchOptions, watchOver } from './service-watch.ts';
import { checkpointKeys } from './settings/checkpoint-key.ts';
import type { GatewayConfig } from './settings/config.ts';
import { dataDirectory } from './settings/data-directory.ts';
import { loadMasterKey } from './settings/master-key.ts';
import type { StorageOptions } from './storage.ts';
import { createHoldStore } from './store/holds.ts';
import type { MasterKey } from './store/seal.ts';
import { recordKeyChange } from './upkeep/key-change.ts';
import { keepRecords } from './upkeep/records.ts';
import { openUpstreams } from './upstreams.ts';
import { tellBacklog } from './watch/backlog.ts';
import { countPlatformCalls } from './watch/platform-calls.ts';
import { createReadiness } from './watch/readiness.ts';
import { createSeldom } from './watch/seldom.ts';

export interface ServiceOptions extends WatchOptions {
  /** Where the configuration is read again when a file of it changes, and on `reload`. Default it stays as it is. */
  readonly source?: ConfigSource;
}

/** A gateway and its operator listener, as configured. */
export interface Service extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Origin of the operator listener. */
  readonly operatorUrl: string;
  /** The operator token when neither one nor operators were configured: made for this start alone. */
  readonly freshToken: string | undefined;
  /** The configuration in force; its secrets may change. */
  readonly config: GatewayConfig;
  /**
   * Reads the configuration again. Secrets that changed are in force when it returns, all of them or, when something is
   * not usable, none. The log, the metrics and the audit log tell of it.
   */
  reload(): Reload;
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
  const network = opened.adopt(undiciExchange({ clock }), (end) => end.close());
  const means = { exchange: network.exchange, clock };
  const live = createConfigReload({
    config,
    read: options.source?.read ?? (() => config),
    check: (next) => void configuredVerifiers(next.captcha, means),
  });
  const { token, people } = config.operator;
  const freshToken = token === undefined && !people ? randomBytes(32).toString('base64url') : undefined;
  const watch = watchOver(live, options, freshToken);
  opened.use(countPlatformCalls({ ...placesOf(config), metrics: watch.metrics, clock }));
  const masterKey = config.masterKey ?? (await loadMasterKey(join(dataDirectory(config), 'master.key')));
  const gateway = opened.use(await openGateway(live, watch, { ...means, masterKey }));
  watch.metrics.beforeScrape(async () => watch.metrics.tokenExpires(gateway.tokenExpiresAt()));
  await ensureEndpoint(gateway.endpoints, config, clock.now());
  const { sealer, manifests } = await openAudit(config, { ...options, gateway, watch, clock }, opened);
  const state = { started: false, draining: false };
  const operators = () => tokenOperators(live.config.operator, freshToken);
  const { signIn: provider, sessionMs } = config.operator;
  const access = createOperatorAccess({ operators, provider, sessionMs, masterKey, clock });
  const signIn =
    provider &&
    createSignInDesk({ config: () => live.config.operator.signIn ?? provider, ...access, ...means, masterKey });
  const configuration = { version: options.version, startedMs: clock.now(), settings: () => live.config.settings };
  const setup = { gateway, watch, clock, access, signIn, state, manifests, configuration };
  const operator = opened.use(await openOperator(config, setup));
  if (config.receivers.allowHttp) watch.log.insecureReceivers();
  watch.log.listening({ name: 'public', url: gateway.url });
  watch.log.listening({ name: 'operator', url: operator.url });
  const reloads = opened.use(openReloads({ ...gateway, ...watch, live, source: options.source, clock }));
  // What changed while all this was opened.
  if (options.source) reloads.reload('file');
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
    freshToken,
    get config() {
      return live.config;
    },
    reload: () => reloads.reload('signal'),
    stop: (drain = config.drain) => stop(drain),
    [Symbol.asyncDispose]: () => stop({ delayMs: 0, graceMs: 0 }),
  };
}

/** Where calls to the platform go, and how many a minute allows: a budget that only the tutorial's way has. */
function placesOf({ sdk }: GatewayConfig) {
  const { environment, issuer = 'rest', requestsPerMinute = 300 } = sdk.options;
  const urls = [environment.loginUrl, environment.apiUrl, messagingUrlOf(environment)];
  return { urls, perMinute: issuer === 'rest' ? requestsPerMinute : Number.POSITIVE_INFINITY };
}

interface GatewaySetup {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly masterKey: MasterKey;
}

async function openGateway(
  live: ConfigReload,
  { observer, breakers, log, metrics }: Watch,
  { clock, exchange, masterKey }: GatewaySetup,
): Promise<Gateway> {
  const { config } = live;
  const { policy = {} } = config.platform;
  const upstreams = openUpstreams({ ...config, clock, log, metrics });
  const means = { exchange, clock, guards: upstreams.captcha, secretsNow: () => live.config.captcha };
  const verifiers = { ...policy.captcha?.verifiers, ...configuredVerifiers(config.captcha, means) };
  return await startGateway({
    platform: {
      ...config.platform,
      ...clientOf(live),
      breaker: config.platform.breaker ? breakers : false,
      bulkhead: upstreams.platform,
      policy: { ...policy, captcha: { ...policy.captcha, verifiers } },
    },
    storage: storageOf(live),
    masterKey,
    owner: `gateway-${randomUUID()}`,
    listen: config.listen,
    websites: config.websites,
    ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
    guestPage: { notice: config.guestNotice, channelId: onlyChannel(policy.allowedChannels) },
    consent: await configuredConsent(config),
    requireOrigin: config.requireOrigin,
    requireIdempotencyKey: config.requireIdempotencyKey,
    docsUrl: config.docsUrl,
    rates: config.rates,
    load: config.load,
    disks: [{ name: 'checkpoints', directory: dirname(config.checkpoints.file) }],
    isTrustedProxy: config.isTrustedProxy,
    receivers: config.receivers,
    ...(config.schedule && { schedule: config.schedule }),
    ...altchaOf(live),
    clock,
    observer,
  });
}

/** The secrets below are taken from the configuration in force each time they are needed. */
function clientOf(live: ConfigReload): Pick<PipelineOptions, 'client'> {
  if (live.config.platform.clientId === undefined) return {};
  return {
    client() {
      const { clientId = '', clientSecret = '' } = live.config.platform;
      return { clientId, clientSecret };
    },
  };
}

function storageOf(live: ConfigReload): StorageOptions {
  const { storage } = live.config;
  if ('directory' in storage) return storage;
  return { url: () => ('url' in live.config.storage ? live.config.storage.url : storage.url) };
}

function altchaOf(live: ConfigReload): Pick<GatewayOptions, 'altchaSecret'> {
  const { altchaSecret } = live.config.captcha;
  return altchaSecret === undefined ? {} : { altchaSecret: () => live.config.captcha.altchaSecret ?? altchaSecret };
}

/** Where one channel is all there is, nobody need name it. */
function onlyChannel(channels: readonly string[] = []): string | undefined {
  return channels.length === 1 ? channels[0] : undefined;
}

interface AuditSetup {
  readonly version: string;
  readonly gateway: Gateway;
  readonly watch: Watch;
  readonly clock: Clock;
}

/** What is written beside the audit log, and what becomes of its oldest records. */
async function openAudit(config: GatewayConfig, { version, gateway, watch, clock }: AuditSetup, opened: Opened) {
  const keys = await checkpointKeys(config.checkpoints);
  const log = { audit: gateway.audit, origin: gateway.logId, clock };
  const sealer = opened.use(
    await startSealer({
      ...log,
      ...keys,
      path: config.checkpoints.file,
      onKeyChange: (change) => recordKeyChange(gateway, clock, change),
      onProblem: (error) => watch.log.trouble('The audit log could not be sealed.', error),
    }),
  );
  const manifests = { tool: `guestpass ${version}`, ...keys, checkpoint: () => sealer.last };
  opened.use(
    keepRecords({
      ...config.retention,
      ...manifests,
      ...log,
      database: gateway.storage.database,
      onProblem: (error) => watch.log.trouble('What is past its time could not be removed.', error),
    }),
  );
  return { sealer, manifests };
}

interface OperatorSetup {
  readonly gateway: Gateway;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly access: OperatorAccess;
  readonly signIn: SignInDesk | undefined;
  readonly state: { readonly started: boolean; readonly draining: boolean };
  readonly manifests: ManifestTerms;
  readonly configuration: Configuration;
}

async function openOperator(config: GatewayConfig, setup: OperatorSetup): Promise<Listener> {
  const { gateway, watch, clock, access, signIn, state, manifests, configuration } = setup;
  const { log, metrics } = watch;
  // Whoever guesses at tokens may do so very often.
  const isTime = createSeldom(clock, 10_000);
  const isTimeForSignIns = createSeldom(clock, 10_000);
  const problems = createProblems({ audience: 'operator', docsUrl: config.docsUrl });
  const { database } = gateway.storage;
  const { deliveries } = gateway;
  tellBacklog({ deliveries, metrics, clock });
  const app = createOperatorApp({
    ...gateway,
    holds: createHoldStore(database),
    events: watch.events,
    ...access,
    signIn,
    publicUrl: config.operator.publicUrl,
    onSignIn: ({ isCheap, ...signedIn }) => {
      if (!isCheap || isTimeForSignIns()) log.operatorSignedIn(signedIn);
    },
    problems,
    clock,
    clientAddress: createClientAddress({ isTrusted: config.isTrustedProxy }),
    readiness: createReadiness({ ...gateway, ...watch.breakers, database, clock, isDraining: () => state.draining }),
    isStarted: () => state.started,
    endpointPolicy: config.receivers,
    manifests,
    configuration,
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      metrics: async () => (await metrics.scrape()).body,
    },
    onVerified: ({ ok }) => metrics.auditVerified({ valid: ok, atMs: clock.now() }),
    onActed: (acted) => {
      if (acted.action !== 'turned away' || isTime()) log.operatorActed(acted);
    },
    onError: (error, asker) => log.trouble('An operator request could not be completed.', error, asker),
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
