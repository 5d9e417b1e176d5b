import type { GatewayObserver, GatewayOptions } from '@guestpass/gateway';

/** What a gateway of the tests needs to know; crosses to another process as JSON. */
export interface Wanted {
  readonly databaseUrl: string;
  readonly platformUrl: string;
  /** Base64. */
  readonly masterKey: string;
  readonly owner: string;
  readonly deadlineMs: number;
  readonly leaseMs: number;
  readonly schedule: readonly number[];
}

/** A gateway that asks for no captcha, holds nobody to a rate, and whose receivers are on this machine. */
export function optionsFor(wanted: Wanted, observer: Partial<GatewayObserver> = {}): GatewayOptions {
  const { databaseUrl, platformUrl, masterKey, owner, deadlineMs, leaseMs, schedule } = wanted;
  return {
    storage: { url: databaseUrl },
    masterKey: Buffer.from(masterKey, 'base64'),
    owner,
    leaseMs,
    schedule,
    rates: { address: 1e6, subnet: 1e6, channel: 1e6, total: 1e6 },
    load: { maxConnectionsPerAddress: 1_000, maxEventLoopDelayMs: 60_000, maxRecordWaitMs: 60_000 },
    websites: [{ origin: 'https://shop.example' }, { origin: 'https://other.example' }],
    requireOrigin: false,
    receivers: { allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.0/8'] },
    observer,
    platform: {
      environment: platformUrl,
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      requestsPerMinute: Number.POSITIVE_INFINITY,
      retry: { baseDelayMs: 1 },
      deadlineMs,
      policy: { captcha: { mode: 'optional' } },
    },
  };
}
