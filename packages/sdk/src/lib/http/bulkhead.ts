import { type Clock, systemClock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest } from './exchange.ts';
import { createExpiry, type Expiry, type Perishable } from './expiry.ts';

/** How many calls there may be, and how many may wait. */
export interface BulkheadOptions {
  /** Requests under way at once. */
  readonly places: number;
  /** Requests that may wait for a place; more are refused at once. Default 256. */
  readonly queue?: number | undefined;
  /** How long a request may wait for a place, in milliseconds. Default 2,000. */
  readonly queueMs?: number | undefined;
  /** Reads the `deadlineAt` of requests. Default the system's clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Keeps one upstream that answers slowly from taking up everything: so many requests are under way, so many wait, first
 * come first served, and no more. Shared by everything that calls it.
 */
export interface Bulkhead {
  /** Requests under way. */
  readonly inUse: number;
  /** Requests that wait for a place. */
  readonly waiting: number;
  /** True while one more would be refused. */
  readonly isFull: boolean;
  /** Takes a place when one is free. Whoever has one gives it back with {@link Bulkhead.leave}. */
  enter(): boolean;
  /**
   * Waits for a place and takes it. Rejects with `overloaded` when too many wait, when the wait is too long, or when it
   * leaves no time before the request's deadline; with an {@link ExchangeError} `aborted` as soon as its signal aborts.
   */
  wait(request: Pick<HttpRequest, 'signal' | 'deadlineAt'>): Promise<void>;
  leave(): void;
}

/** @throws GuestpassError `config_invalid` for bounds that let nothing through. */
export function createBulkhead(options: BulkheadOptions): Bulkhead {
  const { places, queue = 256, queueMs = 2_000, clock = systemClock } = options;
  if (!(places >= 1 && queue >= 0 && queueMs >= 0)) {
    throw new GuestpassError(
      'config_invalid',
      'A bulkhead needs at least 1 place, and a queue and a wait of 0 or more.',
    );
  }
  const expiry = createExpiry(clock);
  const waiters = new Set<Waiter>();
  let inUse = 0;

  const bulkhead: Bulkhead = {
    get inUse() {
      return inUse;
    },
    get waiting() {
      return waiters.size;
    },
    get isFull() {
      return inUse >= places && waiters.size >= queue;
    },
    enter() {
      if (inUse >= places) return false;
      inUse += 1;
      return true;
    },
    wait({ signal, deadlineAt = Number.POSITIVE_INFINITY }) {
      if (signal?.aborted) return Promise.reject(gaveUp(signal));
      const now = clock.monotonic();
      const until = Math.min(now + queueMs, deadlineAt - reserveMs);
      if (waiters.size >= queue || until <= now) return Promise.reject(overflow(bulkhead));
      return new Promise((resolve, reject) => new Waiter({ waiters, expiry }, { until, signal, resolve, reject }));
    },
    leave() {
      for (const first of waiters) return first.admit();
      inUse -= 1;
    },
  };
  return bulkhead;
}

/**
 * Sends each request from a place of the bulkhead. One that finds a place free waits for nothing and costs next to
 * nothing.
 *
 * @throws GuestpassError `overloaded` for a request that found none: it was not sent.
 * @throws ExchangeError `aborted` when the request's signal aborts the wait.
 */
export function withBulkhead(exchange: Exchange, bulkhead: Bulkhead): Exchange {
  const leave = () => bulkhead.leave();
  const send: Exchange = (request) => {
    let answer: ReturnType<Exchange>;
    try {
      answer = exchange(request);
    } catch (error) {
      leave();
      throw error;
    }
    answer.then(leave, leave);
    return answer;
  };
  return (request) => (bulkhead.enter() ? send(request) : bulkhead.wait(request).then(() => send(request)));
}

/** Refuses what {@link withBulkhead} further in would refuse, before anything is waited for on the way there. */
export function withoutOverflow(exchange: Exchange, bulkhead: Bulkhead): Exchange {
  return (request) => (bulkhead.isFull ? Promise.reject(overflow(bulkhead)) : exchange(request));
}

/** Time the request itself needs before the deadline. */
const reserveMs = 200;

interface Line {
  readonly waiters: Set<Waiter>;
  readonly expiry: Expiry;
}

interface Wish {
  /** Instant on the clock's monotonic axis. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One request in the line. Out of it, nothing of it is left. */
class Waiter implements Perishable {
  readonly deadlineAt: number;
  readonly #line: Line;
  readonly #wish: Wish;

  constructor(line: Line, wish: Wish) {
    this.deadlineAt = wish.until;
    this.#line = line;
    this.#wish = wish;
    line.waiters.add(this);
    line.expiry.watch(this);
    wish.signal?.addEventListener('abort', this);
  }

  /** Takes over the place of a request that ended. */
  admit(): void {
    this.#leaveLine();
    this.#wish.resolve();
  }

  expire(): void {
    this.#leaveLine();
    this.#wish.reject(overloaded('No place among the requests under way came free in time.'));
  }

  /** The abort of the request's signal. */
  handleEvent(): void {
    this.#leaveLine();
    this.#wish.reject(gaveUp(this.#wish.signal));
  }

  #leaveLine(): void {
    this.#line.waiters.delete(this);
    this.#line.expiry.forget(this);
    this.#wish.signal?.removeEventListener('abort', this);
  }
}

/** The error of a request that finds a bulkhead full. */
export function overflow({ inUse, waiting }: Bulkhead): GuestpassError {
  return overloaded(`${inUse} requests are under way, and ${waiting} wait.`);
}

function overloaded(detail: string): GuestpassError {
  return new GuestpassError('overloaded', `${detail} Nothing was sent.`);
}

function gaveUp(signal: AbortSignal | undefined): ExchangeError {
  return new ExchangeError('aborted', { sent: 'no', cause: signal?.reason });
}
