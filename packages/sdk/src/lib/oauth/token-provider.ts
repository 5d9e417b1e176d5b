import type { Clock } from '../clock.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import type { AccessToken, TokenSource } from '../http/authorize.ts';
import type { IssuedToken } from './client-credentials.ts';
import { type Flight, type FlightOptions, startFlight } from './flight.ts';
import { failureHoldMs, renewalHoldMs, tokenSpans } from './renewal-timing.ts';
import { type Wait, waitOver, waitShared } from './shared-wait.ts';

/** How the token is asked for, and when it is renewed. */
export interface TokenProviderOptions {
  /**
   * Fetches one token; repeats of its own are its own affair. Not called while an earlier call is under way, except
   * one that heeds neither its signal nor its deadline.
   */
  readonly request: FlightOptions['request'];
  readonly clock: Clock;
  /** A number from 0 up to 1, as `Math.random` gives. */
  readonly random: () => number;
  /** How long one request may take, its repeats included. Bounds no caller's own wait. Default 10,000 ms. */
  readonly deadlineMs?: number;
}

/** One access token for everybody, renewed before it ends. */
export interface TokenProvider extends TokenSource, AsyncDisposable {
  /** Instant on the clock's monotonic axis at which the held token expires; `null` when none is held. */
  expiresAt(): number | null;
  /** Gives a running request up and forgets the token. Whoever waits, or asks later, gets `aborted`. */
  close(): Promise<void>;
}

/**
 * Keeps one access token for everybody. Callers without a token share one request and its result or error; a caller
 * that gives up leaves it running. The token is renewed early, in the background, while the old one is served to its
 * end, so an outage of the token endpoint shorter than what is left of the token goes unnoticed.
 *
 * `get` answers at once with a token that is held; otherwise it rejects with a `GuestpassError`: the request's own, or `aborted` or `deadline_exceeded` for this caller alone.
 */
export function createTokenProvider(options: TokenProviderOptions): TokenProvider {
  return new SharedToken(options);
}

interface HeldToken {
  readonly value: string;
  readonly usableUntil: number;
  readonly expiresAt: number;
  /** One record for all callers. */
  readonly served: AccessToken;
}

/** A request under way. */
interface Renewal {
  readonly flight: Flight;
  readonly arrival: Promise<AccessToken>;
}

/** A failure that answers callers without a token until it lapses. */
interface StandingFailure {
  readonly error: unknown;
  readonly until: number;
}

class SharedToken implements TokenProvider {
  readonly #flight: FlightOptions;
  readonly #random: () => number;
  #held: HeldToken | undefined;
  #renewal: Renewal | undefined;
  #renewAt = 0;
  #failure: StandingFailure | undefined;
  /** Rejections of the credentials in a row. */
  #rejections = 0;
  #closed = false;

  constructor({ request, clock, random, deadlineMs = 10_000 }: TokenProviderOptions) {
    this.#flight = { request, clock, deadlineMs };
    this.#random = random;
  }

  get(wait: Wait): AccessToken | Promise<AccessToken> {
    const now = this.#flight.clock.monotonic();
    const held = this.#held;
    if (held === undefined || now >= held.usableUntil) return this.#await(wait, now);
    if (now >= this.#renewAt && !this.#renewal) this.#renew();
    return held.served;
  }

  drop(value: string): void {
    this.#renewal?.flight.disown(value);
    if (this.#held?.value === value) this.#held = undefined;
  }

  expiresAt(): number | null {
    return this.#held?.expiresAt ?? null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#held = undefined;
    const renewal = this.#renewal;
    renewal?.flight.cancel(closed());
    await renewal?.arrival.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #await(wait: Wait, now: number): Promise<AccessToken> {
    if (this.#closed) return Promise.reject(closed());
    const over = waitOver(wait, now);
    if (over) return Promise.reject(over);
    if (!this.#renewal && this.#failure && now < this.#failure.until) return Promise.reject(this.#failure.error);
    const { arrival } = this.#renewal ?? this.#renew(wait.trace);
    return waitShared(arrival, wait, this.#flight.clock);
  }

  /** In the background nobody's trace tells of it. */
  #renew(trace?: Wait['trace']): Renewal {
    const flight = startFlight(this.#flight, trace);
    // The state is set before anybody who waits goes on.
    const arrival = flight.landed.then(
      (issued) => this.#keep(issued),
      (error: unknown) => this.#remember(error),
    );
    // A renewal in the background may have nobody who waits; its failure is remembered all the same.
    arrival.catch(() => {});
    this.#renewal = { flight, arrival };
    return this.#renewal;
  }

  #keep({ value, lifetimeMs, tries }: IssuedToken): AccessToken {
    this.#renewal = undefined;
    // A token that arrived in the same turn as the end is given to those who wait and kept no longer.
    if (this.#closed) throw closed();
    const now = this.#flight.clock.monotonic();
    const { usableMs, renewMs } = tokenSpans(lifetimeMs, this.#random);
    const served = Object.freeze({ value, cached: true, tries: noTries });
    this.#held = { value, usableUntil: now + usableMs, expiresAt: now + lifetimeMs, served };
    this.#renewAt = now + renewMs;
    this.#rejections = 0;
    return Object.freeze({ value, cached: false, tries });
  }

  #remember(error: unknown): never {
    this.#renewal = undefined;
    const now = this.#flight.clock.monotonic();
    const rejected = isGuestpassError(error) && error.code === 'credentials_rejected';
    if (rejected) this.#rejections += 1;
    const holdMs = failureHoldMs(error, this.#rejections);
    this.#renewAt = now + Math.max(holdMs, renewalHoldMs(this.#random));
    // A passing failure of an early renewal must not bar callers who come to need a token right after.
    const needed = this.#held === undefined || now >= this.#held.usableUntil;
    if (rejected || needed) this.#failure = { error, until: now + holdMs };
    throw error;
  }
}

const noTries: AccessToken['tries'] = Object.freeze([]);

function closed(): GuestpassError {
  return new GuestpassError('aborted', 'The token provider is closed.');
}
