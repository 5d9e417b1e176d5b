import { randomUUID } from 'node:crypto';
import type { CaptchaSite } from './captcha/siteverify-endpoint.ts';
import { type SimulatorClock, systemClock } from './clock.ts';
import type { ChannelStatus } from './guests/guests-endpoint.ts';
import { createVerify } from './identity-provider/verify.ts';
import type { SimulatedClient } from './oauth/token-endpoint.ts';

export interface SimulatorOptions {
  /** Time. Default: real time. A test passes a clock it turns by hand. */
  readonly clock?: SimulatorClock;
  /**
   * The same seed gives the same ids, tokens and chances in the same order of requests. Default: a random one; read
   * `simulator.seed` to repeat a run.
   */
  readonly seed?: string | number;
  /** OAuth clients. Default: `sim-client` with `sim-secret` and the scopes `webmessaging:guest:create` and `openid`. */
  readonly clients?: readonly SimulatedClient[];
  /** Channels by id. Default: `demo` and `your-channel-id` active, `disabled` disabled. */
  readonly channels?: Readonly<Record<string, ChannelStatus>>;
  /** How long an access token lives. Default 86,400. */
  readonly tokenLifetimeSeconds?: number;
  /** API requests a minute for each access token. Default 300. */
  readonly requestsPerMinute?: number;
  /** Token requests a minute for each client. Default 300. */
  readonly tokenRequestsPerMinute?: number;
  /** How long a guest's session lives. Default 259,200, three days. */
  readonly sessionLifetimeSeconds?: number;
  /** WebSocket address told to guests. Default: `/v1` at the host that was asked. Nothing listens there yet. */
  readonly messagingUrl?: string;
  /**
   * What the captcha providers know of the site. Default: the secret `sim-captcha-secret`, the hostname `localhost`, the
   * action `guest`.
   */
  readonly captcha?: Partial<CaptchaSite>;
  /** Secret the identity provider verifies webhooks by, until another is put. Default {@link defaultWebhookSecret}. */
  readonly webhookSecret?: string;
}

/** The secret the identity provider starts with. */
export const defaultWebhookSecret = `whsec_${Buffer.from('simulator-webhook-secret-0').toString('base64')}`;

/** The options with every default filled in. */
export interface Settings {
  readonly clock: SimulatorClock;
  readonly seed: string;
  readonly clients: readonly SimulatedClient[];
  readonly channels: ReadonlyMap<string, ChannelStatus>;
  readonly tokenLifetimeSeconds: number;
  readonly requestsPerMinute: number;
  readonly tokenRequestsPerMinute: number;
  readonly sessionLifetimeSeconds: number;
  readonly messagingUrl: string | undefined;
  readonly captcha: CaptchaSite;
  readonly webhookSecret: string;
}

const defaultClients = [
  { id: 'sim-client', secret: 'sim-secret', scopes: ['webmessaging:guest:create', 'openid'] },
] as const;

const defaultChannels = { demo: 'active', 'your-channel-id': 'active', disabled: 'disabled' } as const;

const defaultCaptcha: CaptchaSite = { secret: 'sim-captcha-secret', hostname: 'localhost', action: 'guest' };

/** Fills in the defaults. Throws a `RangeError` for a number that cannot be meant, a `TypeError` for a webhook secret. */
export function resolveSettings(options: SimulatorOptions): Settings {
  const { webhookSecret = defaultWebhookSecret } = options;
  createVerify(webhookSecret);
  return {
    clock: options.clock ?? systemClock,
    seed: String(options.seed ?? randomUUID()),
    clients: options.clients ?? defaultClients,
    channels: new Map(Object.entries(options.channels ?? defaultChannels)),
    tokenLifetimeSeconds: positive('tokenLifetimeSeconds', options.tokenLifetimeSeconds ?? 86_400),
    requestsPerMinute: positive('requestsPerMinute', options.requestsPerMinute ?? 300),
    tokenRequestsPerMinute: positive('tokenRequestsPerMinute', options.tokenRequestsPerMinute ?? 300),
    sessionLifetimeSeconds: positive('sessionLifetimeSeconds', options.sessionLifetimeSeconds ?? 259_200),
    messagingUrl: options.messagingUrl,
    captcha: { ...defaultCaptcha, ...options.captcha },
    webhookSecret,
  };
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be a whole number above 0.`);
}
