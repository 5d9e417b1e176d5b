import { Counter, Gauge, type Registry } from 'prom-client';
import type { Reload } from '../../reload/config-reload.ts';

export interface ReloadMetrics {
  /** The configuration was read again. */
  configReloaded(reload: { readonly outcome: Reload['outcome']; readonly atMs: number }): void;
}

export function reloadMetrics(registry: Registry): ReloadMetrics {
  const registers = [registry];
  const reloads = new Counter({
    name: 'guestpass_config_reloads_total',
    help: 'Reloads of the configuration, by how they ended.',
    labelNames: ['result'],
    registers,
  });
  const successful = new Gauge({
    name: 'guestpass_config_last_reload_successful',
    help: '0 while the configuration that was read last is not usable and the one before is in force, else 1.',
    registers,
  });
  const succeededAt = new Gauge({
    name: 'guestpass_config_last_reload_success_timestamp_seconds',
    help: 'When a configuration was last read again that was usable; 0 before the first time.',
    registers,
  });
  for (const result of ['applied', 'unchanged', 'refused']) reloads.inc({ result }, 0);
  successful.set(1);
  return {
    configReloaded({ outcome, atMs }) {
      reloads.inc({ result: outcome });
      successful.set(outcome === 'refused' ? 0 : 1);
      if (outcome !== 'refused') succeededAt.set(atMs / 1_000);
    },
  };
}
