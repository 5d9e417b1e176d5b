import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import { type Clock, systemClock } from '../clock.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';
import { createExpiry, type Expiry, type Perishable } from './expiry.ts';
import { classifyFailure } from './failure.ts';

/** How many connections are kept, and what an answer may be. */
export interface UndiciExchangeOptions {
  /** Sockets kept for each origin; more requests wait for a free one. Default 64. */
  readonly connections?: number | undefined;
  /** A larger answer is refused unread. Default 262,144 bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** HTTP proxy every request goes through. Default none; environment variables are not read here. */
  readonly proxy?: string | undefined;
  /** A connection that has not come about by then, through the proxy and with TLS, is given up. Default 10,000 ms. */
  readonly connectTimeoutMs?: number | undefined;
  /** Reads the `deadlineAt` of requests. Default the system's clock. */
  readonly clock?: Clock | undefined;
}

/** A pool of connections as an exchange, and what ends it. */
export interface UndiciExchange {
  readonly exchange: Exchange;
  /** Sends nothing more, and ends all connections once nobody waits for an answer any more. */
  close(): Promise<void>;
}

/**
 * The default end: undici's pool, driven by its dispatch interface, which costs a third of `fetch`. Every answer is
 * read to its end, so a repeated request never leaves a connection behind. Redirects are not followed. A request ends at
 * its `deadlineAt` or by its signal with an {@link ExchangeError} `deadline` or `aborted`; without them it waits for ever.
 */
export function undiciExchange(options: UndiciExchangeOptions = {}): UndiciExchange {
  const { maxBodyBytes = 262_144, clock = systemClock } = options;
  const expiry = createExpiry(clock);
  const pools = new Map<string, Dispatcher>();
  const targets = new Map<string, Target>();
  const idle = Promise.withResolvers<void>();
  let running = 0;
  let closing: Promise<void> | undefined;

  const ended = () => {
    running -= 1;
    if (closing !== undefined && running === 0) idle.resolve();
  };
  const limits: Limits = { maxBodyBytes, expiry, ended };

  const targetOf = (url: string): Target => {
    const known = targets.get(url);
    if (known) return known;
    const { origin, pathname, search } = new URL(url);
    const pool = pools.get(origin) ?? openPool(origin, options);
    pools.set(origin, pool);
    const target = { pool, origin, path: pathname + search };
    if (targets.size >= rememberedTargets) targets.clear();
    targets.set(url, target);
    return target;
  };

  const exchange: Exchange = (request) =>
    new Promise((resolve, reject) => {
      const early = notSent(request, { closed: closing !== undefined, clock });
      if (early) return reject(early);
      running += 1;
      const reception = new Reception(request, limits, { resolve, reject });
      try {
        const { pool, origin, path } = targetOf(request.url);
        const { method, headers, body } = request;
        pool.dispatch({ origin, path, method, headers, body: body ?? null } as Dispatcher.DispatchOptions, reception);
      } catch (error) {
        reception.fail(unsendable(error));
      }
    });

  const end = async () => {
    if (running > 0) await idle.promise;
    // Not closed gently: a request that was given up may still be waiting for a connection to come about.
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
  };

  return {
    exchange: Object.assign(exchange, { deadlineClock: clock }),
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** The parser of addresses quotes them, and an address, above all that of a proxy, may hold a secret: it is no cause. */
function unsendable(error: unknown): ExchangeError {
  const { failure, permanent } = classifyFailure(error);
  return new ExchangeError(failure, { sent: 'no', permanent });
}

/** Why a request is not even begun. */
function notSent(
  { signal, deadlineAt }: HttpRequest,
  { closed, clock }: { readonly closed: boolean; readonly clock: Clock },
): ExchangeError | undefined {
  if (signal?.aborted) return new ExchangeError('aborted', { sent: 'no', cause: signal.reason });
  if (deadlineAt !== undefined && deadlineAt <= clock.monotonic()) return new ExchangeError('deadline', { sent: 'no' });
  return closed ? new ExchangeError('closed', { sent: 'no', permanent: true }) : undefined;
}

/** Few addresses are asked again and again; a caller with many different ones must not grow a map. */
const rememberedTargets = 64;

interface Target {
  readonly pool: Dispatcher;
  readonly origin: string;
  readonly path: string;
}

function openPool(origin: string, options: UndiciExchangeOptions): Dispatcher {
  const { connections = 64, proxy, connectTimeoutMs = 10_000 } = options;
  // How long to wait is the deadline's matter; timers of undici's own would only cost.
  const limits = { connections, headersTimeout: 0, bodyTimeout: 0 };
  if (!proxy) return new Pool(origin, { ...limits, connect: { timeout: connectTimeoutMs } });
  return new ProxyAgent({
    uri: proxy,
    ...limits,
    connectTimeout: connectTimeoutMs,
    // A proxy that is silent about CONNECT would otherwise hold up for minutes whatever goes to that origin.
    clientFactory: (proxyUrl, proxyLimits) => new Pool(proxyUrl, { ...proxyLimits, headersTimeout: connectTimeoutMs }),
  });
}

interface Settle {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: ExchangeError) => void;
}

interface Limits {
  readonly maxBodyBytes: number;
  readonly expiry: Expiry;
  /** Called once for each request, when nobody waits for it any more. */
  readonly ended: () => void;
}

/** Receives one answer. A request counts as sent from the moment undici hands it to a connected socket. */
class Reception implements Dispatcher.DispatchHandler, Perishable {
  readonly deadlineAt: number | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #limits: Limits;
  readonly #promise: Settle;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;

  constructor(request: HttpRequest, limits: Limits, promise: Settle) {
    this.deadlineAt = request.deadlineAt;
    this.#signal = request.signal;
    this.#limits = limits;
    this.#promise = promise;
    this.#signal?.addEventListener('abort', this);
    limits.expiry.watch(this);
  }

  /** The abort of the request's signal. */
  handleEvent(): void {
    this.#giveUp('aborted');
  }

  expire(): void {
    this.#giveUp('deadline');
  }

  #giveUp(why: 'aborted' | 'deadline'): void {
    this.fail(new ExchangeError(why, { sent: this.#sent }));
    this.#controller?.abort(new Error(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error('aborted'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    if (status < 200) return;
    this.#status = status;
    for (const name in headers) {
      const value = headers[name];
      if (Array.isArray(value)) headers[name] = value.join(', ');
    }
    // A cast, because after the loop no value is a list any more.
    this.#headers = headers as Record<string, string>;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.byteLength;
    if (this.#size > this.#limits.maxBodyBytes) {
      this.fail(new ExchangeError('body_too_large', { sent: 'maybe', status: this.#status }));
      controller.abort(new Error('body_too_large'));
    } else {
      this.#chunks.push(chunk);
    }
  }

  onResponseEnd(): void {
    if (!this.#end()) return;
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks, this.#size);
    this.#promise.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: unknown, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    if (!this.#end()) return;
    this.#promise.reject(error instanceof ExchangeError ? error : this.#explain(error));
  }

  #explain(error: unknown): ExchangeError {
    const { failure: name, permanent } = classifyFailure(error);
    // Who gave the request up has ended it before; what undici aborts by itself is a tunnel that the proxy refused.
    const failure = name === 'aborted' ? 'proxy_refused' : name;
    const status = this.#status > 0 ? { status: this.#status } : {};
    return new ExchangeError(failure, { sent: this.#sent, permanent, ...status, cause: error });
  }

  get #sent(): 'no' | 'maybe' {
    return this.#controller ? 'maybe' : 'no';
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#limits.expiry.forget(this);
    this.#signal?.removeEventListener('abort', this);
    this.#limits.ended();
    return true;
  }
}
