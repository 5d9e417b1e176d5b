import { randomUUID } from 'node:crypto';
import type { CaptchaSite } from './captcha/siteverify-endpoint.ts';
import { type SimulatorClock, systemClock } from './clock.ts';
import type { ChannelStatus } from './guests/guests-endpoint.ts';
import { createVerify } from './identity-provider/verify.ts';
import type { Bot } from './messaging/bot.ts';
import { type DeploymentOptions, type Deployments, resolveDeployments } from './messaging/deployment.ts';
import { type MessagingLimits, resolveLimits } from './messaging/limits.ts';
import type { SimulatedClient } from './oauth/token-endpoint.ts';
import { resolveSignInSite, type SignInSite } from './sign-in/site.ts';

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
  /** How long a guest's session lives after the last message. Default 259,200, three days. */
  readonly sessionLifetimeSeconds?: number;
  /** WebSocket address told to guests. Default: `/v1` at the host that was asked. */
  readonly messagingUrl?: string;
  /** How channels appear as deployments of the messenger, by channel id. */
  readonly deployments?: Readonly<Record<string, DeploymentOptions>>;
  /** What the messaging plane allows. */
  readonly limits?: Partial<MessagingLimits>;
  /** Who answers guests until a human agent speaks. Default `echo`. */
  readonly bot?: Bot;
  /** How long the bot thinks, on the clock. Default 100. */
  readonly botDelayMs?: number;
  /**
   * What the captcha providers know of the site. Default: the secret `sim-captcha-secret`, the hostname `localhost`, the
   * action `guest`.
   */
  readonly captcha?: Partial<CaptchaSite>;
  /** The site whose guests sign in, at deployments that offer it. */
  readonly signIn?: Partial<SignInSite>;
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
  readonly deployments: Deployments;
  readonly limits: MessagingLimits;
  readonly bot: Bot;
  readonly botDelayMs: number;
  readonly captcha: CaptchaSite;
  readonly signIn: SignInSite;
  readonly webhookSecret: string;
}

const defaultClients = [
  { id: 'sim-client', secret: 'sim-secret', scopes: ['webmessaging:guest:create', 'openid'] },
] as const;

/** The channels there are unless others are named. */
export const defaultChannels = { demo: 'active', 'your-channel-id': 'active', disabled: 'disabled' } as const;

const defaultCaptcha: CaptchaSite = { secret: 'sim-captcha-secret', hostname: 'localhost', action: 'guest' };

/**
 * Fills in the defaults. Throws a `RangeError` for a number that cannot be meant, a `TypeError` for a webhook secret or
 * for deployments that do not fit the channels, or redirect URIs that cannot be used.
 */
export function resolveSettings(options: SimulatorOptions): Settings {
  const { webhookSecret = defaultWebhookSecret } = options;
  createVerify(webhookSecret);
  const deployments = resolveDeployments(options.channels ?? defaultChannels, options.deployments ?? {});
  return {
    clock: options.clock ?? systemClock,
    seed: String(options.seed ?? randomUUID()),
    clients: options.clients ?? defaultClients,
    channels: new Map([...deployments].map(([id, { status }]) => [id, status])),
    tokenLifetimeSeconds: positive('tokenLifetimeSeconds', options.tokenLifetimeSeconds ?? 86_400),
    requestsPerMinute: positive('requestsPerMinute', options.requestsPerMinute ?? 300),
    tokenRequestsPerMinute: positive('tokenRequestsPerMinute', options.tokenRequestsPerMinute ?? 300),
    sessionLifetimeSeconds: positive('sessionLifetimeSeconds', options.sessionLifetimeSeconds ?? 259_200),
    messagingUrl: options.messagingUrl,
    deployments,
    limits: resolveLimits(options.limits ?? {}),
    bot: options.bot ?? 'echo',
    botDelayMs: notNegative('botDelayMs', options.botDelayMs ?? 100),
    captcha: { ...defaultCaptcha, ...options.captcha },
    signIn: resolveSignInSite(options.signIn ?? {}),
    webhookSecret,
  };
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be a whole number above 0.`);
}

function notNegative(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} must be a whole number, 0 or above.`);
}
