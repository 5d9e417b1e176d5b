import { type Attempt, errorTable } from 'guestpass';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createLabel } from './metric-label.ts';
import { type ReloadMetrics, reloadMetrics } from './reload-metrics.ts';
import { type WithdrawalMetrics, withdrawalMetrics } from './withdrawal-metrics.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Commit the gateway was built from. Default `unknown`. */
  readonly commit?: string;
  /** Channels that are told apart; all others are `other`. Default none. */
  readonly channels?: readonly string[];
  /** Codes that are told apart beside those of the SDK. Default none. */
  readonly codes?: readonly string[];
  /** True to tell of the process too: memory, processor, event loop. Default false. */
  readonly process?: boolean;
}

/** Counts what happens, for Prometheus. No label holds what a caller made up. */
export interface Metrics extends ReloadMetrics, WithdrawalMetrics {
  /** An attempt that ended here; not one that was replayed. */
  attemptEnded(attempt: Attempt): void;
  /** A request that came to no attempt. */
  requestRefused(code: string): void;
  /** A request or connection that never reached the app. */
  turnedAway(code: string): void;
  /** One try of a call to the platform; `status` is `null` when no answer came. */
  platformCalled(call: { readonly operation: string; readonly status: number | null }): void;
  platformRetried(retry: { readonly operation: string; readonly reason: string }): void;
  /** How much of the calls a minute allows has been used, 0 to 1. */
  rateBudgetUsed(share: number): void;
  /** Whether calls to the platform are held back because it keeps failing. */
  circuitOpen(circuit: { readonly operation: 'token' | 'guest'; readonly open: boolean }): void;
  /** The same of questions to a captcha provider. */
  captchaCircuitOpen(circuit: { readonly provider: string; readonly open: boolean }): void;
  /** Calls to one upstream that are under way, and those that wait for a place among them. */
  upstreamCalls(calls: { readonly upstream: string; readonly inUse: number; readonly waiting: number }): void;
  /** When the access token ends, in milliseconds since the Unix epoch; `null`, shown as 0, when none is held. */
  tokenExpires(atMs: number | null): void;
  deliveryTried(tried: { readonly endpointId: string; readonly result: string }): void;
  /** What waits to be delivered; `oldestAgeMs` is 0 when nothing does. */
  webhookBacklog(backlog: WebhookBacklog): void;
  auditRecorded(count: number): void;
  auditVerified(verification: { readonly valid: boolean; readonly atMs: number }): void;
  /** Calls `refresh` before each scrape, for what is only known when asked. A refresh that fails leaves the last values. */
  beforeScrape(refresh: () => Promise<void>): void;
  /** Everything in the text format of Prometheus. */
  scrape(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.process) collectProcessMetrics(registry);
  const info = new Gauge({
    name: 'guestpass_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'commit'],
    registers: [registry],
  });
  info.set({ version: options.version, commit: options.commit ?? 'unknown' }, 1);
  const refreshes: (() => Promise<void>)[] = [];
  return {
    ...guestMetrics(registry, options),
    ...platformMetrics(registry),
    ...upstreamMetrics(registry),
    ...webhookMetrics(registry),
    ...auditMetrics(registry),
    ...reloadMetrics(registry),
    ...withdrawalMetrics(registry),
    beforeScrape: (refresh) => void refreshes.push(refresh),
    async scrape() {
      await Promise.allSettled(refreshes.map((refresh) => refresh()));
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** Gauges that the library names like counters, which `promtool check metrics` refuses; the same is told by type. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
}

const sdkCodes = Object.keys(errorTable);
const stages = ['payload', 'consent', 'channel', 'captcha', 'token', 'guest', 'audit', 'webhook'] as const;

type GuestMetrics = Pick<Metrics, 'attemptEnded' | 'requestRefused' | 'turnedAway'>;

function guestMetrics(registry: Registry, { channels = [], codes = [] }: MetricsOptions): GuestMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'guestpass_auth_attempts_total',
    help: 'Attempts to let a guest in, by how they ended.',
    labelNames: ['outcome', 'code', 'channel'],
    registers,
  });
  const durations = new Histogram({
    name: 'guestpass_auth_duration_seconds',
    help: 'Time of a whole attempt.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const stageTimes = new Histogram({
    name: 'guestpass_stage_duration_seconds',
    help: 'Time of one stage of an attempt.',
    labelNames: ['stage'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const refused = new Counter({
    name: 'guestpass_http_refused_requests_total',
    help: 'Requests that came to no attempt.',
    labelNames: ['code'],
    registers,
  });
  const turned = new Counter({
    name: 'guestpass_http_turned_away_total',
    help: 'Requests and connections that never reached the app.',
    labelNames: ['code'],
    registers,
  });
  const codeOf = createLabel([...sdkCodes, ...codes, 'none']);
  const channelOf = createLabel([...channels, 'none']);
  const timers = Object.fromEntries(stages.map((stage) => [stage, stageTimes.labels(stage)]));
  return {
    attemptEnded(attempt) {
      const { outcome, channelId } = attempt;
      const code = attempt.outcome === 'admitted' ? 'none' : codeOf(attempt.error.code);
      attempts.inc({ outcome, code, channel: channelOf(channelId ?? 'none') });
      durations.observe(attempt.durationMs / 1_000);
      for (const [stage, spanMs] of Object.entries(attempt.stages)) timers[stage]?.observe(spanMs / 1_000);
    },
    requestRefused: (code) => refused.inc({ code: codeOf(code) }),
    turnedAway: (code) => turned.inc({ code: codeOf(code) }),
  };
}

type PlatformMetrics = Pick<
  Metrics,
  'platformCalled' | 'platformRetried' | 'rateBudgetUsed' | 'circuitOpen' | 'tokenExpires'
>;

function platformMetrics(registry: Registry): PlatformMetrics {
  const registers = [registry];
  const calls = new Counter({
    name: 'guestpass_genesys_requests_total',
    help: 'Tries of calls to the platform, by status; `none` when no answer came.',
    labelNames: ['operation', 'status_code'],
    registers,
  });
  const retries = new Counter({
    name: 'guestpass_genesys_retries_total',
    help: 'Calls to the platform that were repeated.',
    labelNames: ['operation', 'reason'],
    registers,
  });
  const budget = new Gauge({
    name: 'guestpass_genesys_rate_budget_used_ratio',
    help: 'Share of the calls allowed in a minute that has been used.',
    registers,
  });
  const expiry = new Gauge({
    name: 'guestpass_token_expiry_timestamp_seconds',
    help: 'When the access token ends; 0 when none is held.',
    registers,
  });
  const circuits = new Gauge({
    name: 'guestpass_genesys_circuit_open',
    help: '1 while calls to the platform are held back because it keeps failing, else 0.',
    labelNames: ['operation'],
    registers,
  });
  for (const operation of ['token', 'guest']) circuits.set({ operation }, 0);
  const operationOf = createLabel(['token', 'guest']);
  const reasonOf = createLabel([], { further: 30 });
  return {
    platformCalled({ operation, status }) {
      const isStatus = status !== null && Number.isInteger(status) && status >= 100 && status <= 599;
      calls.inc({
        operation: operationOf(operation),
        status_code: status === null ? 'none' : isStatus ? status : 'other',
      });
    },
    platformRetried: ({ operation, reason }) =>
      retries.inc({ operation: operationOf(operation), reason: reasonOf(reason) }),
    rateBudgetUsed: (share) => budget.set(share),
    circuitOpen: ({ operation, open }) => circuits.set({ operation }, open ? 1 : 0),
    tokenExpires: (atMs) => expiry.set((atMs ?? 0) / 1_000),
  };
}

function upstreamMetrics(registry: Registry): Pick<Metrics, 'captchaCircuitOpen' | 'upstreamCalls'> {
  const registers = [registry];
  const circuits = new Gauge({
    name: 'guestpass_captcha_circuit_open',
    help: '1 while a captcha provider is not asked because it keeps failing, else 0.',
    labelNames: ['provider'],
    registers,
  });
  const calls = new Gauge({
    name: 'guestpass_upstream_calls',
    help: 'Calls to an upstream that are under way, or wait for a place among them.',
    labelNames: ['upstream', 'state'],
    registers,
  });
  const providers = ['recaptcha', 'hcaptcha', 'turnstile'];
  for (const provider of providers) circuits.set({ provider }, 0);
  const providerOf = createLabel(providers);
  const upstreamOf = createLabel(['platform', ...providers]);
  return {
    captchaCircuitOpen: ({ provider, open }) => circuits.set({ provider: providerOf(provider) }, open ? 1 : 0),
    upstreamCalls({ upstream, inUse, waiting }) {
      calls.set({ upstream: upstreamOf(upstream), state: 'under_way' }, inUse);
      calls.set({ upstream: upstreamOf(upstream), state: 'waiting' }, waiting);
    },
  };
}

/** What has not reached its receivers: how many wait, for a disabled endpoint or not, and how many were given up. */
export interface WebhookBacklog {
  readonly depth: number;
  readonly oldestAgeMs: number;
  readonly held: number;
  readonly dead: number;
}

function webhookMetrics(registry: Registry): Pick<Metrics, 'deliveryTried' | 'webhookBacklog'> {
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

function auditMetrics(registry: Registry): Pick<Metrics, 'auditRecorded' | 'auditVerified'> {
  const registers = [registry];
  const records = new Counter({
    name: 'guestpass_audit_records_total',
    help: 'Records added to the audit log by this gateway.',
    registers,
  });
  const valid = new Gauge({
    name: 'guestpass_audit_chain_valid',
    help: '1 when the audit log was whole at its last verification, else 0; absent before the first.',
    registers,
  });
  const verifiedAt = new Gauge({
    name: 'guestpass_audit_last_verified_timestamp_seconds',
    help: 'When the audit log was last verified; absent before the first time.',
    registers,
  });
  // A gauge of 0 would say that the chain is broken.
  valid.remove();
  verifiedAt.remove();
  return {
    auditRecorded: (count) => records.inc(count),
    auditVerified(verification) {
      valid.set(verification.valid ? 1 : 0);
      verifiedAt.set(verification.atMs / 1_000);
    },
  };
}
