import { randomUUID } from 'node:crypto';
import { memoryChain } from './audit/chain.ts';
import type { AuditRecord, AuditSink } from './audit/event.ts';
import { createBooks } from './books.ts';
import { type Clock, systemClock } from './clock.ts';
import type { GuestPass } from './contract/guest-pass.ts';
import { type GuestPayload, parseGuestPayload } from './contract/guest-payload.ts';
import { type PlatformHosts, resolveEnvironment } from './environment.ts';
import { GuestpassError } from './errors.ts';
import type { Attempt } from './guest/attempt.ts';
import { type AttemptSetup, attemptGuest, endEarly, type Run, refusePayload } from './guest/attempt-guest.ts';
import { createIdempotency } from './guest/idempotency.ts';
import type { Statistics } from './guest/statistics.ts';
import { startStopwatch } from './guest/stopwatch.ts';
import type { Exchange } from './http/exchange.ts';
import { undiciExchange } from './http/undici.ts';
import { restIssuer } from './issuer/rest.ts';
import { createPlatform, type RetryOptions } from './platform.ts';
import type { CaptchaPolicy } from './policy/captcha.ts';
import type { ConsentPolicy } from './policy/consent.ts';
import type { GuestNotice } from './webhook/notice.ts';

export interface GuestpassOptions {
  /**
   * Where the platform is: a URL or host name, used as it is, or a Genesys region (`usw2`, `us-west-2`,
   * `mypurecloud.ie`). There is no default, and the simulator is never chosen silently.
   */
  readonly environment: string | PlatformHosts;
  /** OAuth client that may create guests. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** OAuth scope. Default `webmessaging:guest:create openid`, and none for a Genesys region, whose roles decide. */
  readonly scope?: string;
  /** Path guests are posted to. Default the tutorial's, which is not part of the published Genesys Cloud API. */
  readonly guestsPath?: string;
  /** Repeats of calls that surely created nothing. Never repeats a call whose outcome is unknown. */
  readonly retry?: RetryOptions;
  /** Time for one attempt, everything included, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number;
  /** Calls sent to the platform in a minute. Default 300, what Genesys grants a token; `Infinity` sends at will. */
  readonly requestsPerMinute?: number;
  /** True when the platform creates one guest for one `Idempotency-Key`; then an unknown outcome is asked once more. Default false. */
  readonly idempotentByKey?: boolean;
  /** Sockets kept for each origin. Default 64. Not used with `exchange`. */
  readonly connections?: number;
  /** HTTP proxy for every call. Default none. Not used with `exchange`. */
  readonly proxy?: string;
  /** Attempts under way at once; more fail at once with `overloaded`. Default 10,000. */
  readonly maxPending?: number;
  readonly policy?: {
    readonly consent?: ConsentPolicy;
    readonly captcha?: CaptchaPolicy;
    /** Channels that may be used. Default any. */
    readonly allowedChannels?: readonly string[];
  };
  /** Where audit records go. Stays the caller's to dispose. Default a chain in memory, kept nowhere. */
  readonly audit?: AuditSink;
  /** Called with each audit record, after the guest's path; may be slow or throw without harm to it. */
  readonly onAudit?: (record: AuditRecord) => unknown;
  /** Called with a notice about each guest, the same way. Gets no session token. */
  readonly onGuest?: (notice: GuestNotice) => unknown;
  /** Told of callbacks that threw and of outcomes that could not be recorded. Default: nobody is. */
  readonly onProblem?: (error: unknown) => void;
  /** The network. Default a pool of connections of its own. */
  readonly exchange?: Exchange;
  /** Default the system's clock. */
  readonly clock?: Clock;
  /** Draws backoffs; 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** Gives the attempt up. What was already sent is not taken back. */
  readonly signal?: AbortSignal;
  /** Time for this attempt in milliseconds, instead of the client's. */
  readonly deadlineMs?: number;
  /** 16 to 128 letters, digits, `_` or `-`. The same key and payload make one guest in this process. */
  readonly idempotencyKey?: string;
}

export interface Guestpass {
  /** Lets one guest in. Never rejects for an outcome: refused, failed and unknown are values too. */
  attempt(payload: unknown, call?: CallOptions): Promise<Attempt>;
  /** Lets one guest in and resolves with the guest pass; rejects with the matching {@link GuestpassError}. */
  authenticate(payload: unknown, call?: CallOptions): Promise<GuestPass>;
  /** Counts and latencies since creation. */
  stats(): Statistics;
  /** Waits for attempts and callbacks under way, then ends every connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The path of the tutorial. */
export const tutorialGuestsPath = '/api/v2/conversations/webmessaging/guests';

/** The scope of the tutorial. */
export const tutorialScope = 'webmessaging:guest:create openid';

/**
 * A client that lets guests in. Everything it needs is in its options; nothing is global.
 *
 * @throws GuestpassError `config_invalid` when an option is not usable.
 * @example
 * await using guestpass = createGuestpass({ environment: 'http://127.0.0.1:4010', clientId, clientSecret });
 * const guestPass = await guestpass.authenticate(payload);
 */
export function createGuestpass(options: GuestpassOptions): Guestpass {
  const { clock = systemClock, deadlineMs = 10_000, maxPending = 10_000, audit = memoryChain() } = options;
  const end = options.exchange ? { exchange: options.exchange, close: async () => {} } : undiciExchange(options);
  const setup = setUp(options, end.exchange, clock);
  const { onAudit, onGuest, onProblem } = options;
  const books = createBooks({ clock, audit, onAudit, onGuest, onProblem });
  const idempotency = createIdempotency({ clock });
  const pending = new Set<Promise<Attempt>>();

  const attempt = (payload: unknown, call: CallOptions = {}): Promise<Attempt> => {
    const run = begin(clock, call, deadlineMs);
    const overloaded = pending.size >= maxPending;
    const attempted = overloaded
      ? books.settle(endEarly('failed', tooMany(maxPending), { run }), run)
      : startOrJoin(payload, run);
    pending.add(attempted);
    const done = () => pending.delete(attempted);
    attempted.then(done, done);
    return attempted;
  };

  // The line of an admissible payload. Without a record of the intent nothing is sent.
  const admit = async (payload: GuestPayload, run: Run): Promise<Attempt> => {
    const unrecorded = await books.intend(payload, run);
    const attempted = unrecorded
      ? endEarly('failed', unrecorded, { run, payload })
      : await attemptGuest(payload, setup, run);
    return books.settle(attempted, run);
  };

  const startOrJoin = async (input: unknown, run: Run): Promise<Attempt> => {
    const parsed = parseGuestPayload(input);
    if (!parsed.ok) return books.settle(refusePayload(input, parsed.faults, run), run);
    run.watch.lap('payload');
    const start = () => admit(parsed.payload, run);
    if (run.idempotencyKey === undefined) return start();
    const joined = idempotency.once(run.idempotencyKey, parsed.payload, start);
    return joined instanceof GuestpassError ? books.settle(endEarly('refused', joined, { run }), run) : joined;
  };

  const close = async () => {
    await Promise.allSettled(pending);
    await books.drained();
    await end.close();
  };

  return {
    attempt,
    authenticate: async (payload, call) => passOrThrow(await attempt(payload, call)),
    stats: () => books.read(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function setUp(options: GuestpassOptions, exchange: Exchange, clock: Clock): AttemptSetup {
  const { environment, clientId, clientSecret, policy = {}, random = Math.random } = options;
  const hosts = typeof environment === 'string' ? resolveEnvironment(environment) : environment;
  const platform = createPlatform({
    hosts,
    clientId,
    clientSecret,
    scope: options.scope ?? (hosts.kind === 'genesys' ? '' : tutorialScope),
    guestsPath: options.guestsPath ?? tutorialGuestsPath,
    retry: options.retry ?? {},
    requestsPerMinute: options.requestsPerMinute ?? 300,
    idempotentByKey: options.idempotentByKey ?? false,
    exchange,
    clock,
    random,
  });
  const { consent = {}, captcha = {}, allowedChannels } = policy;
  const issuer = restIssuer({
    guestsUrl: platform.guestsUrl,
    exchange: platform.guests,
    tokens: platform.tokens,
    now: clock.now,
  });
  return {
    policy: { consent, captcha, ...(allowedChannels && { allowedChannels: new Set(allowedChannels) }) },
    issuer,
    clock,
  };
}

function begin(clock: Clock, call: CallOptions, deadlineMs: number): Run {
  const watch = startStopwatch(clock);
  return {
    id: `att_${randomUUID()}`,
    startedAt: new Date(clock.now()).toISOString(),
    watch,
    deadlineAt: watch.startedAt + (call.deadlineMs ?? deadlineMs),
    ...(call.signal && { signal: call.signal }),
    ...(call.idempotencyKey !== undefined && { idempotencyKey: call.idempotencyKey }),
  };
}

function tooMany(maxPending: number): GuestpassError {
  return new GuestpassError('overloaded', `${maxPending} attempts are under way already.`);
}

function passOrThrow(attempt: Attempt): GuestPass {
  if (attempt.outcome === 'admitted') return attempt.guestPass;
  const { error, id: attemptId } = attempt;
  const { code, detail, remedy, retryable, faults, retryAfterMs, status, correlationId } = error;
  throw new GuestpassError(code, detail, {
    remedy,
    retryable,
    faults,
    attemptId,
    cause: error,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(status !== undefined && { status }),
    ...(correlationId !== undefined && { correlationId }),
  });
}
