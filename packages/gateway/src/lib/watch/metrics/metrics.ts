import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type AuditMetrics, auditMetrics } from './audit-metrics.ts';
import { type GuestMetrics, type GuestMetricsOptions, guestMetrics } from './guest-metrics.ts';
import { type PlatformMetrics, platformMetrics } from './platform-metrics.ts';
import { type ReloadMetrics, reloadMetrics } from './reload-metrics.ts';
import { type UpstreamMetrics, upstreamMetrics } from './upstream-metrics.ts';
import { type WebhookMetrics, webhookMetrics } from './webhook-metrics.ts';
import { type WithdrawalMetrics, withdrawalMetrics } from './withdrawal-metrics.ts';

export interface MetricsOptions extends GuestMetricsOptions {
  readonly version: string;
  /** Commit the gateway was built from. Default `unknown`. */
  readonly commit?: string;
  /** True to tell of the process too: memory, processor, event loop. Default false. */
  readonly process?: boolean;
}

/** Counts what happens, for Prometheus. No label holds what a caller made up. */
export interface Metrics
  extends GuestMetrics,
    PlatformMetrics,
    UpstreamMetrics,
    WebhookMetrics,
    AuditMetrics,
    ReloadMetrics,
    WithdrawalMetrics {
  /** Calls `refresh` before each scrape, for what is only known when asked. A refresh that fails leaves the last values. */
  beforeScrape(refresh: () => Promise<void>): void;
  /** Everything in the text format of Prometheus. */
  scrape(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** One metric, as Prometheus is told of it. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.process) collectProcessMetrics(registry);
  const told = registerAll(registry, options);
  const refreshes: (() => Promise<void>)[] = [];
  return {
    ...told,
    beforeScrape: (refresh) => void refreshes.push(refresh),
    async scrape() {
      await Promise.allSettled(refreshes.map((refresh) => refresh()));
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** What gateways tell of guests, upstreams, webhooks and records; the process is left out. */
export function metricFamilies(): readonly MetricFamily[] {
  const registry = new Registry();
  registerAll(registry, { version: '' });
  return registry.getMetricsAsArray().map(familyOf);
}

function registerAll(registry: Registry, options: MetricsOptions) {
  const info = new Gauge({
    name: 'guestpass_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'commit'],
    registers: [registry],
  });
  info.set({ version: options.version, commit: options.commit ?? 'unknown' }, 1);
  return {
    ...guestMetrics(registry, options),
    ...platformMetrics(registry),
    ...upstreamMetrics(registry),
    ...webhookMetrics(registry),
    ...auditMetrics(registry),
    ...reloadMetrics(registry),
    ...withdrawalMetrics(registry),
  };
}

/** Gauges that the library names like counters, which `promtool check metrics` refuses; the same is told by type. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
}

type Registered = ReturnType<Registry['getMetricsAsArray']>[number];

function familyOf(metric: Registered): MetricFamily {
  // A cast, because the types of the library leave the labels out and call the type a number.
  const { name, help, type, labelNames } = metric as unknown as Omit<MetricFamily, 'labels'> & {
    readonly labelNames: readonly string[];
  };
  return { name, help, type, labels: labelNames };
}
