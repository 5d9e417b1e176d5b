import { Gauge, type Registry } from 'prom-client';
import { createLabel } from './metric-label.ts';

/** Upstreams that are slow or fail. */
export interface UpstreamMetrics {
  /** Whether a captcha provider is not asked because it keeps failing. */
  captchaCircuitOpen(circuit: { readonly provider: string; readonly open: boolean }): void;
  /** Calls to one upstream that are under way, and those that wait for a place among them. */
  upstreamCalls(calls: { readonly upstream: string; readonly inUse: number; readonly waiting: number }): void;
}

export function upstreamMetrics(registry: Registry): UpstreamMetrics {
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
