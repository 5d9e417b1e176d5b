import type { Clock } from '../clock.ts';
import { type Fault, GuestpassError, listFaults } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { AttributesPlacement } from '../messaging/actions.ts';
import type { Transport } from '../messaging/transport.ts';
import type { SessionTarget } from './address.ts';
import type { ChannelOptions, SessionEvent, SessionState } from './channel-io.ts';
import type { SessionLimits } from './limits.ts';
import type { ReconnectOptions } from './link.ts';

/** How a session connects, and whom it tells. */
export interface SessionOptions {
  /** Opens the sockets. Default those of Node by `ws`, and those of the browser there. */
  readonly transport?: Transport | undefined;
  /** Reads the history. Default a pool of connections of its own in Node, and `fetch` in browsers. */
  readonly exchange?: Exchange | undefined;
  /** Carries files up and down. Default the same as for the history, with a larger limit. */
  readonly files?: Exchange | undefined;
  /** Default the system's clock. */
  readonly clock?: Clock | undefined;
  /** Draws backoffs; 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Makes tracing and attachment ids. Default random UUIDs. */
  readonly newId?: (() => string) | undefined;
  /** `Origin` that is sent; deployments may list those allowed. Browsers send their own. Default that of the socket's host. */
  readonly origin?: string | undefined;
  /** Base URL of the API. Default `https://api.…` beside `wss://webmessaging.…`, else the host of the socket. */
  readonly apiUrl?: string | undefined;
  /** Facts for routing, sent with the first message. Default none. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Where attributes are put. Default `message`. */
  readonly attributesPlacement?: AttributesPlacement | undefined;
  /** True tells the platform that the guest came, before the first word, when nothing was said yet. Default false. */
  readonly join?: boolean | undefined;
  readonly reconnect?: ReconnectOptions | undefined;
  readonly limits?: SessionLimits | undefined;
  /** How long an opening, an answer or an echo may take, in milliseconds. Default 10,000. */
  readonly answerTimeoutMs?: number | undefined;
  /** Silence after which a sign of life is asked for, in milliseconds. Default 30,000; the platform allows two a minute. */
  readonly healthCheckMs?: number | undefined;
  /** Messages on one page of the history. Default 25, that of the platform. */
  readonly historyPageSize?: number | undefined;
  /** Messages of an earlier conversation that are read when the session begins. Default 250; older ones by `history`. */
  readonly firstMessages?: number | undefined;
  /** Told of each state; it may throw without harm. */
  readonly onState?: ((state: SessionState) => unknown) | undefined;
  /** Told of typing, presence and what else happens beside the messages; it may throw without harm. */
  readonly onEvent?: ((event: SessionEvent) => unknown) | undefined;
  /** Gives the connecting up. It does not touch a session that is connected. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws GuestpassError `config_invalid` with every fault. */
export function checkOptions(options: SessionOptions): void {
  const { answerTimeoutMs = 1, healthCheckMs = 1, historyPageSize = 1, firstMessages = 1, limits = {} } = options;
  const { messagesPerSecond = 1, requestsPerMinute = 1, historyPagesPerMinute = 1 } = limits;
  const numbers = {
    answerTimeoutMs,
    healthCheckMs,
    historyPageSize,
    firstMessages,
    'limits/messagesPerSecond': messagesPerSecond,
    'limits/requestsPerMinute': requestsPerMinute,
    'limits/historyPagesPerMinute': historyPagesPerMinute,
  };
  const broken = Object.entries(numbers).filter(([, value]) => !(value >= 1));
  const faults: Fault[] = broken.map(([name]) => ({ pointer: `/${name}`, detail: 'must be at least 1' }));
  if (faults.length === 0) return;
  throw new GuestpassError('config_invalid', `The options are not usable: ${listFaults(faults)}.`, { faults });
}

/** Options with their defaults, as the channel takes them. */
export function channelOptionsOf(
  { token, deploymentId, signedIn }: SessionTarget,
  options: SessionOptions,
): ChannelOptions {
  const { answerTimeoutMs = defaultAnswerTimeoutMs, healthCheckMs = 30_000, attributesPlacement = 'message' } = options;
  const { historyPageSize = defaultPageSize, firstMessages = 250, limits = {}, reconnect = {} } = options;
  const { messagesPerSecond = 5, requestsPerMinute = 60 } = limits;
  return {
    token,
    deploymentId,
    jwt: signedIn?.jwt,
    attributesPlacement,
    answerTimeoutMs,
    healthCheckMs,
    messagesPerSecond,
    requestsPerMinute,
    mostAttempts: reconnect.attempts ?? 12,
    firstPages: Math.ceil(firstMessages / historyPageSize),
  };
}

export const defaultAnswerTimeoutMs = 10_000;
export const defaultPageSize = 25;
