import { randomBytes } from 'node:crypto';
import { startGateway } from '@guestpass/gateway';
import { generateWebhookSecret } from 'guestpass/webhook';

export interface DurableOptions {
  readonly platformUrl: string;
  /** Where its PostgreSQL keeps its data. */
  readonly directory: string;
  /** Who is told of every guest. Default nobody. */
  readonly receiver?: string;
  /** Told when a try of a delivery is on record. */
  readonly onDelivery?: () => void;
}

/** The gateway as it is, with no captcha asked and nobody held to a rate. */
export async function createDurable({ platformUrl, directory, receiver, onDelivery }: DurableOptions) {
  const unlimited = Number.MAX_SAFE_INTEGER;
  const gateway = await startGateway({
    storage: { directory },
    masterKey: randomBytes(32),
    owner: 'bench',
    rates: { address: unlimited, subnet: unlimited, channel: unlimited, total: unlimited },
    load: { maxConnectionsPerAddress: 2_000, maxInFlight: 2_000, maxEventLoopDelayMs: 60_000 },
    receivers: { allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.0/8'] },
    observer: { problem: (error) => console.error(error), ...(onDelivery && { delivery: onDelivery }) },
    platform: {
      environment: platformUrl,
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      requestsPerMinute: Number.POSITIVE_INFINITY,
      policy: { consent: {}, captcha: { mode: 'optional' } },
    },
  });
  if (receiver !== undefined) {
    await gateway.endpoints.create({ url: receiver, secret: generateWebhookSecret() }, Date.now());
  }
  return {
    gateway,
    ready: { url: gateway.url, databaseDirectory: directory },
    close: () => gateway.stop(),
  };
}
