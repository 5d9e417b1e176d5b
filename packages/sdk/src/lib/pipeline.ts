import { randomUUID } from 'node:crypto';
import { type Clock, createTimestamps, systemClock } from './clock.ts';
import { type Fault, GuestpassError, listFaults } from './errors.ts';
import type { AttemptSetup, Policy, Run } from './guest/attempt-guest.ts';
import { startStopwatch } from './guest/stopwatch.ts';
import type { Exchange } from './http/exchange.ts';
import { continueTrace, type TraceTry } from './http/trace-context.ts';
import { undiciExchange } from './http/undici.ts';
import { issuerNames } from './issuer/issuer.ts';
import { type IssuerOptions, openIssuer } from './open-issuer.ts';
import type { CaptchaPolicy } from './policy/captcha.ts';
import type { ConsentPolicy } from './policy/consent.ts';

/** Platform, policy, network and clock of a client. */
export interface PipelineOptions extends IssuerOptions {
  /** Time for one attempt, everything included, in milliseconds; a day at most. Default 10,000. */
  readonly deadlineMs?: number | undefined;
  /** Sockets kept for each origin. Default 64. Not used with `exchange`. */
  readonly connections?: number | undefined;
  /** Address of an HTTP proxy, `http` or `https`, for every call. Default none. Not used with `exchange`. */
  readonly proxy?: string | undefined;
  readonly policy?:
    | {
        readonly consent?: ConsentPolicy | undefined;
        readonly captcha?: CaptchaPolicy | undefined;
        /** Channels that may be used. Default any. */
        readonly allowedChannels?: readonly string[] | undefined;
      }
    | undefined;
  /** The network. Default a pool of connections of its own. */
  readonly exchange?: Exchange | undefined;
  /** Default the system's clock. */
  readonly clock?: Clock | undefined;
}

/** What one attempt may take and belongs to. */
export interface CallOptions {
  /** Gives the attempt up. What was already sent is not taken back. */
  readonly signal?: AbortSignal | undefined;
  /** Time for this attempt in milliseconds, instead of the client's; a day at most. */
  readonly deadlineMs?: number | undefined;
  /** 16 to 128 letters, digits, `_` or `-`. The same key and payload make one guest in this process. */
  readonly idempotencyKey?: string | undefined;
  /** The visitor's IP address, told to the captcha provider alone. Default: it is told none. */
  readonly remoteIp?: string | undefined;
  /** `traceparent` of the request this guest came with (W3C Trace Context); each try carries that trace on. Default that of the client. */
  readonly traceparent?: string | undefined;
  /** `tracestate` of that request. */
  readonly tracestate?: string | undefined;
  /** Follows each try of this attempt, in place of `traceparent`. */
  readonly trace?: TraceTry | undefined;
}

/** Policy, platform and clock, made ready; what a guest goes through, without the books that are kept of it. */
export interface Pipeline {
  readonly setup: AttemptSetup;
  /** Names an attempt, starts its watch and sets its deadline. Throws `config_invalid` for a deadline that is none. */
  begin(call?: CallOptions): Run;
  /** When the access token at hand ends, in milliseconds since the Unix epoch; `null` when none is held or needed. */
  tokenExpiresAt(): number | null;
  /** Gives up a token request that nobody waits for, and ends every connection once it is idle. */
  close(): Promise<void>;
}

/** @throws GuestpassError `config_invalid` when an option is not usable. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock = systemClock, deadlineMs = 10_000 } = options;
  const faults = optionFaults(options);
  if (faults.length > 0) throw unusableOptions(faults);
  const end = options.exchange
    ? { exchange: options.exchange, close: async () => {} }
    : undiciExchange({ ...options, clock });
  const timestamp = createTimestamps(clock);
  const { issuer, tokenExpiresAt, close } = openIssuer(options, { exchange: end.exchange, clock });
  return {
    setup: { policy: policyOf(options), issuer, clock },
    tokenExpiresAt,
    begin(call = {}) {
      const watch = startStopwatch(clock);
      return {
        id: `att_${randomUUID()}`,
        startedAt: timestamp(),
        watch,
        deadlineAt: watch.startedAt + (call.deadlineMs === undefined ? deadlineMs : usableDeadline(call.deadlineMs)),
        ...(call.signal && { signal: call.signal }),
        ...(call.idempotencyKey !== undefined && { idempotencyKey: call.idempotencyKey }),
        ...(call.remoteIp !== undefined && { remoteIp: call.remoteIp }),
        ...((call.trace ?? call.traceparent) !== undefined && { trace: call.trace ?? continueTrace(call) }),
      };
    },
    async close() {
      await close();
      await end.close();
    },
  };
}

/** The error of one option that is not usable. */
export function unusable(pointer: string, detail: string): GuestpassError {
  return unusableOptions([{ pointer, detail }]);
}

function unusableOptions(faults: readonly Fault[]): GuestpassError {
  return new GuestpassError('config_invalid', `The options are not usable: ${listFaults(faults)}.`, { faults });
}

const longestDeadlineMs = 86_400_000;
const deadlineRange = 'must be more than 0 and a day at most, in milliseconds';

function isDeadline(deadlineMs: number): boolean {
  return deadlineMs > 0 && deadlineMs <= longestDeadlineMs;
}

function usableDeadline(deadlineMs: number): number {
  if (!isDeadline(deadlineMs)) throw unusable('/deadlineMs', deadlineRange);
  return deadlineMs;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function optionFaults(options: PipelineOptions): Fault[] {
  const { issuer = 'rest', guestsPath = '/', deadlineMs = 1, requestsPerMinute = 1, policy } = options;
  const unneeded = issuer === 'rest' ? '' : 'not asked for';
  const { clientId = unneeded, clientSecret = unneeded } = options.client?.() ?? options;
  const { origin } = options;
  const { mode, threshold = 0, verifiers = {} } = policy?.captcha ?? {};
  const { connections = 1, proxy, retry = {} } = options;
  const { retries = 0, baseDelayMs = 0, maxDelayMs = 0 } = retry;
  const checks: readonly [boolean, string, string][] = [
    [clientId !== '', '/clientId', 'must not be empty'],
    [clientSecret !== '', '/clientSecret', 'must not be empty'],
    [guestsPath.startsWith('/'), '/guestsPath', 'must begin with a slash'],
    [issuerNames.includes(issuer), '/issuer', `must be ${issuerNames.join(' or ')}`],
    [
      origin === undefined || URL.parse(origin)?.origin === origin,
      '/origin',
      'must be an origin, such as https://shop.example',
    ],
    [isDeadline(deadlineMs), '/deadlineMs', deadlineRange],
    [!proxy || /^https?:$/.test(URL.parse(proxy)?.protocol ?? ''), '/proxy', 'must be an http or https address'],
    [isWhole(connections, 1, 10_000), '/connections', 'must be a whole number from 1 to 10,000'],
    [isWhole(retries, 0, 100), '/retry/retries', 'must be a whole number from 0 to 100'],
    [baseDelayMs >= 0 && baseDelayMs < Infinity, '/retry/baseDelayMs', 'must be 0 or more'],
    [maxDelayMs >= 0 && maxDelayMs < Infinity, '/retry/maxDelayMs', 'must be 0 or more'],
    [requestsPerMinute > 0, '/requestsPerMinute', 'must be more than 0'],
    [threshold >= 0 && threshold <= 1, '/policy/captcha/threshold', 'must be from 0 to 1'],
    [mode !== 'verified' || Object.keys(verifiers).length > 0, '/policy/captcha/verifiers', 'must name who verifies'],
  ];
  return checks.flatMap(([holds, pointer, detail]) => (holds ? [] : { pointer, detail }));
}

function policyOf({ policy = {} }: PipelineOptions): Policy {
  const { consent = {}, captcha = {}, allowedChannels } = policy;
  return { consent, captcha, ...(allowedChannels && { allowedChannels: new Set(allowedChannels) }) };
}
