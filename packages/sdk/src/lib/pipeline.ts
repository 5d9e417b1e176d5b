import { randomUUID } from 'node:crypto';
import { type Clock, createTimestamps, systemClock } from './clock.ts';
import { type PlatformHosts, resolveEnvironment } from './environment.ts';
import { type Fault, GuestpassError } from './errors.ts';
import type { AttemptSetup, Run } from './guest/attempt-guest.ts';
import { startStopwatch } from './guest/stopwatch.ts';
import type { Exchange } from './http/exchange.ts';
import { undiciExchange } from './http/undici.ts';
import { restIssuer } from './issuer/rest.ts';
import { createPlatform, type Platform, type RetryOptions } from './platform.ts';
import type { CaptchaPolicy } from './policy/captcha.ts';
import type { ConsentPolicy } from './policy/consent.ts';

export interface PipelineOptions {
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
  readonly policy?: {
    readonly consent?: ConsentPolicy;
    readonly captcha?: CaptchaPolicy;
    /** Channels that may be used. Default any. */
    readonly allowedChannels?: readonly string[];
  };
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
  /** The visitor's IP address, told to the captcha provider alone. Default: it is told none. */
  readonly remoteIp?: string;
}

/** The path of the tutorial. */
export const tutorialGuestsPath = '/api/v2/conversations/webmessaging/guests';

/** The scope of the tutorial. */
export const tutorialScope = 'webmessaging:guest:create openid';

/** Policy, platform and clock, made ready; what a guest goes through, without the books that are kept of it. */
export interface Pipeline {
  readonly setup: AttemptSetup;
  /** Names an attempt, starts its watch and sets its deadline. */
  begin(call?: CallOptions): Run;
  /** Gives up a token request that nobody waits for, and ends every connection once it is idle. */
  close(): Promise<void>;
}

/** @throws GuestpassError `config_invalid` when an option is not usable. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock = systemClock, deadlineMs = 10_000 } = options;
  const faults = optionFaults(options);
  if (faults.length > 0) throw new GuestpassError('config_invalid', 'The options are not usable.', { faults });
  const end = options.exchange ? { exchange: options.exchange, close: async () => {} } : undiciExchange(options);
  const timestamp = createTimestamps(clock);
  const platform = openPlatform(options, end.exchange, clock);
  return {
    setup: setUp(options, platform, clock),
    begin(call = {}) {
      const watch = startStopwatch(clock);
      return {
        id: `att_${randomUUID()}`,
        startedAt: timestamp(),
        watch,
        deadlineAt: watch.startedAt + (call.deadlineMs ?? deadlineMs),
        ...(call.signal && { signal: call.signal }),
        ...(call.idempotencyKey !== undefined && { idempotencyKey: call.idempotencyKey }),
        ...(call.remoteIp !== undefined && { remoteIp: call.remoteIp }),
      };
    },
    async close() {
      await platform.tokens.close();
      await end.close();
    },
  };
}

function optionFaults(options: PipelineOptions): Fault[] {
  const { clientId, clientSecret, guestsPath = '/', deadlineMs = 1, requestsPerMinute = 1, policy } = options;
  const { mode, threshold = 0, verifiers = {} } = policy?.captcha ?? {};
  const checks: readonly [boolean, string, string][] = [
    [clientId !== '', '/clientId', 'must not be empty'],
    [clientSecret !== '', '/clientSecret', 'must not be empty'],
    [guestsPath.startsWith('/'), '/guestsPath', 'must begin with a slash'],
    [deadlineMs > 0, '/deadlineMs', 'must be more than 0'],
    [requestsPerMinute > 0, '/requestsPerMinute', 'must be more than 0'],
    [threshold >= 0 && threshold <= 1, '/policy/captcha/threshold', 'must be from 0 to 1'],
    [mode !== 'verified' || Object.keys(verifiers).length > 0, '/policy/captcha/verifiers', 'must name who verifies'],
  ];
  return checks.flatMap(([holds, pointer, detail]) => (holds ? [] : { pointer, detail }));
}

function openPlatform(options: PipelineOptions, exchange: Exchange, clock: Clock): Platform {
  const { environment, clientId, clientSecret, random = Math.random } = options;
  const hosts = typeof environment === 'string' ? resolveEnvironment(environment) : environment;
  return createPlatform({
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
}

function setUp({ policy = {} }: PipelineOptions, { guestsUrl, guests, tokens }: Platform, clock: Clock): AttemptSetup {
  const { consent = {}, captcha = {}, allowedChannels } = policy;
  return {
    policy: { consent, captcha, ...(allowedChannels && { allowedChannels: new Set(allowedChannels) }) },
    issuer: restIssuer({ guestsUrl, exchange: guests, tokens, now: clock.now }),
    clock,
  };
}
