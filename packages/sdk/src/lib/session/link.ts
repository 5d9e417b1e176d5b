import { type Clock, longestTimerMs } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { readServerFrame, type ServerFrame } from '../messaging/server-frame.ts';
import { type Connection, type Transport, TransportError } from '../messaging/transport.ts';
import type { Channel } from './channel.ts';
import type { ChannelInput, Effect, TimerName } from './channel-io.ts';
import type { HistoryPage } from './history-walk.ts';

/** How patiently a connection is sought. */
export interface ReconnectOptions {
  /** Failed connections in a row before the session is given up. Default 12. */
  readonly attempts?: number | undefined;
  /** The first backoff is drawn from 0 to this, in milliseconds; each later one doubles it. Default 500. */
  readonly baseDelayMs?: number | undefined;
  /** No backoff is longer, in milliseconds. What the platform asks for may be. Default 30,000. */
  readonly maxDelayMs?: number | undefined;
}

export interface LinkOptions {
  readonly channel: Channel;
  readonly transport: Transport;
  /** Address of the socket, deployment id included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly reconnect: ReconnectOptions;
  readonly openTimeoutMs: number;
  /** Reads a page of the history; the signal aborts when nobody waits for it any more. */
  readonly readPage: (pageNumber: number, signal: AbortSignal) => Promise<HistoryPage>;
  /** Told of each frame after the channel was. */
  readonly onFrame: (frame: ServerFrame) => void;
  /** Told when a connection has ended. */
  readonly onCut: () => void;
  /** Told of the effects that are for the guest. */
  readonly onEffect: (effect: Effect) => void;
}

/** Gives a channel what it has not: sockets, timers and the history. */
export class Link {
  readonly #options: LinkOptions;
  readonly #timers = new Map<TimerName, () => void>();
  readonly #inputs: ChannelInput[] = [];
  readonly #ending = new Set<Promise<unknown>>();
  #busy = false;
  #connection: Connection | undefined;
  #dialing: AbortController | undefined;
  #cancelDial: (() => void) | undefined;
  #reading = new AbortController();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Hands an input over and does what the channel wants. Inputs that come meanwhile wait for their turn. */
  input(input: ChannelInput): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        for (const effect of this.#options.channel.handle(next, this.#options.clock.monotonic()))
          this.#carryOut(effect);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Resolves when every connection that was begun has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'dial':
        this.#dialLater(effect);
        break;
      case 'hang-up':
        this.#hangUp();
        break;
      case 'drop':
        this.#hangUp();
        this.#options.onCut();
        this.input({ type: 'disconnected' });
        break;
      case 'transmit':
        this.#connection?.send(effect.text);
        break;
      case 'timer':
        this.#setTimer(effect.timer, effect.delayMs);
        break;
      case 'cancel':
        this.#timers.get(effect.timer)?.();
        this.#timers.delete(effect.timer);
        break;
      case 'fetch-history':
        void this.#fetch(effect.walk, effect.pageNumber);
        break;
      default:
        this.#options.onEffect(effect);
    }
  }

  #setTimer(timer: TimerName, delayMs: number): void {
    this.#timers.get(timer)?.();
    const fire = () => {
      this.#timers.delete(timer);
      this.input({ type: 'timer', timer });
    };
    this.#timers.set(timer, this.#options.clock.after(Math.min(delayMs, longestTimerMs), fire));
  }

  /** Exponential backoff with full jitter: many guests that lost one server do not come back at one moment. */
  #dialLater({ attempt, atLeastMs }: { readonly attempt: number; readonly atLeastMs: number }): void {
    const { clock, random, reconnect } = this.#options;
    const { baseDelayMs = 500, maxDelayMs = 30_000 } = reconnect;
    const longestMs = attempt === 0 ? 0 : Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
    const delayMs = Math.min(Math.max(random() * longestMs, atLeastMs), longestTimerMs);
    this.#cancelDial = clock.after(delayMs, () => {
      const dialed = this.#dial();
      this.#ending.add(dialed);
      void dialed.finally(() => this.#ending.delete(dialed));
    });
  }

  async #dial(): Promise<void> {
    const { transport, url, headers, clock, openTimeoutMs, onCut } = this.#options;
    const dialing = new AbortController();
    this.#dialing = dialing;
    const cancel = clock.after(openTimeoutMs, () => dialing.abort());
    let connection: Connection;
    try {
      connection = await transport(url, { headers, signal: dialing.signal });
    } catch (error) {
      if (this.#dialing !== dialing) return;
      this.#dialing = undefined;
      this.input({ type: 'disconnected', ...whyNot(error, clock.now()) });
      return;
    } finally {
      cancel();
    }
    if (this.#dialing !== dialing) connection.close();
    else await this.#use(connection, onCut);
    await connection.closed;
  }

  async #use(connection: Connection, onCut: () => void): Promise<void> {
    this.#dialing = undefined;
    this.#connection = connection;
    this.input({ type: 'connected' });
    for await (const text of connection.frames) {
      if (this.#connection !== connection) return;
      const frame = readServerFrame(text);
      this.input({ type: 'frame', frame });
      this.#options.onFrame(frame);
    }
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#reading.abort();
    onCut();
    this.input({ type: 'disconnected' });
  }

  #hangUp(): void {
    this.#cancelDial?.();
    const dialing = this.#dialing;
    this.#dialing = undefined;
    dialing?.abort();
    this.#connection?.close();
    this.#connection = undefined;
    this.#reading.abort();
  }

  async #fetch(walk: number, pageNumber: number): Promise<void> {
    this.#reading.abort();
    this.#reading = new AbortController();
    try {
      const page = await this.#options.readPage(pageNumber, this.#reading.signal);
      this.input({ type: 'history', walk, page });
    } catch (error) {
      const retryAfterMs = error instanceof GuestpassError ? (error.retryAfterMs ?? 0) : 0;
      this.input({ type: 'history-failed', walk, retryAfterMs });
    }
  }
}

/** What an opening that failed means for the next one. */
function whyNot(error: unknown, nowMs: number): { readonly error?: GuestpassError; readonly retryAfterMs?: number } {
  if (!(error instanceof TransportError)) {
    return { error: new GuestpassError('platform_unavailable', 'The transport failed.', { cause: error }) };
  }
  const { status, failure, permanent, headers } = error;
  const { 'retry-after': value, date } = headers;
  const retryAfterMs = parseRetryAfter(value, { nowMs, ...(date !== undefined && { dateHeader: date }) });
  if (permanent) {
    const detail = `The platform cannot be reached (${failure}).`;
    return { error: new GuestpassError('platform_unavailable', detail, { retryable: false, cause: error }) };
  }
  const passing = status === undefined || status === 408 || status === 429 || status >= 500;
  if (passing) return retryAfterMs === undefined ? {} : { retryAfterMs };
  const detail = `The platform answered ${status} where a WebSocket was asked for.`;
  const remedy = 'Check the deployment id, the allowed domains and the configuration of the deployment.';
  return { error: new GuestpassError(status === 404 ? 'endpoint_not_found' : 'forbidden', detail, { status, remedy }) };
}
