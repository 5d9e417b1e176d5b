import type { PipelineOptions } from 'guestpass';
import type { SiteverifyOptions } from 'guestpass/captcha';
import { type Bulkhead, createBreaker, createBulkhead } from 'guestpass/http';
import type { CaptchaProvider } from './captcha/config-verifiers.ts';
import type { GatewayLog } from './watch/log.ts';
import type { Metrics } from './watch/metrics/metrics.ts';

export interface UpstreamsOptions {
  readonly platform: Pick<PipelineOptions, 'connections' | 'breaker'>;
  readonly clock: NonNullable<PipelineOptions['clock']>;
  readonly log: Pick<GatewayLog, 'captchaBreakerChanged'>;
  readonly metrics: Pick<Metrics, 'captchaCircuitOpen' | 'upstreamCalls' | 'beforeScrape'>;
}

/** What keeps a slow or failing upstream from taking the gateway with it; one of each kind for each upstream. */
export interface Upstreams {
  /** Calls for guests. */
  readonly platform: Bulkhead;
  readonly captcha: Readonly<Record<CaptchaProvider, Pick<SiteverifyOptions, 'breaker' | 'bulkhead'>>>;
}

/** As many calls to the platform as there are connections, and 32 questions to each captcha provider. */
export function openUpstreams({ platform, clock, log, metrics }: UpstreamsOptions): Upstreams {
  const { connections = 64, breaker = false } = platform;
  const bulkheads = {
    platform: createBulkhead({ places: connections, clock }),
    recaptcha: createBulkhead({ places: questions, clock }),
    hcaptcha: createBulkhead({ places: questions, clock }),
    turnstile: createBulkhead({ places: questions, clock }),
  };
  metrics.beforeScrape(async () => {
    for (const [upstream, { inUse, waiting }] of Object.entries(bulkheads)) {
      metrics.upstreamCalls({ upstream, inUse, waiting });
    }
  });
  const guard = (provider: CaptchaProvider) => ({
    bulkhead: bulkheads[provider],
    ...(breaker !== false && {
      breaker: createBreaker({
        onChange(state) {
          metrics.captchaCircuitOpen({ provider, open: state !== 'closed' });
          log.captchaBreakerChanged({ provider, state });
        },
      }),
    }),
  });
  return {
    platform: bulkheads.platform,
    captcha: { recaptcha: guard('recaptcha'), hcaptcha: guard('hcaptcha'), turnstile: guard('turnstile') },
  };
}

const questions = 32;
