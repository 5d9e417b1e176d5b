import { type Attempt, type BreakerChange, type Clock, isGuestpassError } from 'guestpass';
import { pino } from 'pino';
import { rangesOf } from '../settings/network.ts';
import type { Operator } from '../settings/operator-roles.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly clock: Clock;
  /** Where lines go: one JSON object each, newline included. */
  readonly write: (line: string) => void;
  /** Default `info`. */
  readonly level?: LogLevel;
  /**
   * Texts that are never written, wherever they came from: tokens and secrets of the configuration. A function is asked
   * for each line, and gives another list when they have changed. Default none.
   */
  readonly secrets?: readonly string[] | (() => readonly string[]);
}

/** Ids by which lines about one request are found. */
export interface RequestIds {
  readonly requestId: string;
  readonly traceId?: string;
}

/**
 * The log. Each kind of line has its own method, which picks what it writes; nothing else of what it is given gets in.
 * No line holds a token, a secret, a captcha answer, an attribute or a whole address.
 */
export interface GatewayLog {
  listening(listener: { readonly name: 'public' | 'operator'; readonly url: string }): void;
  stopping(): void;
  /** How many connections had to be cut. */
  stopped(end: { readonly cut: number }): void;
  attemptEnded(attempt: Attempt, request: RequestIds & { readonly address: string; readonly replayed: boolean }): void;
  /** A request that came to no attempt. */
  requestRefused(request: RequestIds & { readonly address: string; readonly code: string }): void;
  /** A guest asked to take the consent back, which came about, had come about before, or did not. */
  withdrawalEnded(
    withdrawal: RequestIds & {
      readonly address: string;
      readonly outcome: string;
      readonly code: string | null;
      readonly attemptId: string | null;
    },
  ): void;
  /** What never reached the app. */
  turnedAway(turned: { readonly address: string; readonly code: string }): void;
  deliveryTried(tried: DeliveryLine): void;
  /** A receiver gives an answer that another try will hardly change. */
  receiverRefuses(refusal: { readonly endpointId: string; readonly status: number; readonly remedy: string }): void;
  /** Calls to the platform are held back, tried by one of them, or let go again. */
  breakerChanged(change: BreakerChange): void;
  /** The same of questions to a captcha provider. */
  captchaBreakerChanged(change: { readonly provider: string; readonly state: BreakerChange['state'] }): void;
  /** The configuration was read again: names of the secrets in force from now on, and of what waits for the next start. */
  configReloaded(reload: {
    readonly cause: string;
    readonly changed: readonly string[];
    readonly restart: readonly string[];
  }): void;
  /** What was read is not usable, and everything stays as it was. */
  configRefused(reload: { readonly cause: string; readonly error: unknown }): void;
  /** Receivers of webhooks may be asked in the clear. */
  insecureReceivers(): void;
  operatorActed(
    action: RequestIds & {
      readonly address: string;
      readonly operator: Operator | undefined;
      readonly action: string;
      readonly status: number;
    },
  ): void;
  /** Somebody came back from the OpenID provider and is signed in, or why not, in one word. */
  operatorSignedIn(
    signIn: RequestIds & {
      readonly address: string;
      readonly operator: Operator | undefined;
      readonly failure: string | undefined;
    },
  ): void;
  /** A malfunction of ours: `what` says in a few words of our own what could not be done. */
  trouble(what: string, error: unknown, request?: RequestIds & { readonly operator?: Operator | undefined }): void;
  /** What nobody caught, and the process ends for. */
  crashed(error: unknown): void;
}

export interface DeliveryLine {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly try: number;
  /** `delivered`, or what went wrong in one word. */
  readonly result: string;
  readonly status: number | null;
  readonly durationMs: number;
  /** What became of the delivery. */
  readonly state: string;
  /** Of the request that let the guest in. */
  readonly traceId: string | null;
}

export function createLog({ clock, write, level = 'info', secrets = [] }: LogOptions): GatewayLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: createCleaner(secrets) },
    },
    { write },
  );

  return {
    listening: ({ name, url }) => logger.info({ listener: name, url }, 'listening'),
    stopping: () => logger.info('stopping'),
    stopped: ({ cut }) => logger.info({ cut }, 'stopped'),
    attemptEnded(attempt, request) {
      const isTrouble = attempt.outcome === 'failed' || attempt.outcome === 'unknown';
      logger[isTrouble ? 'warn' : 'info'](attemptLine(attempt, request), 'attempt ended');
    },
    requestRefused: ({ address, code, ...ids }) =>
      logger.info({ ...idsOf(ids), code, network: networkOf(address) }, 'request refused'),
    withdrawalEnded: ({ address, outcome, code, attemptId, ...ids }) =>
      logger[outcome === 'failed' ? 'warn' : 'info'](
        { ...idsOf(ids), outcome, code, attemptId, network: networkOf(address) },
        'consent withdrawal ended',
      ),
    turnedAway: ({ address, code }) => logger.info({ code, network: networkOf(address) }, 'turned away'),
    deliveryTried(tried) {
      logger[tried.result === 'delivered' ? 'info' : 'warn'](deliveryLine(tried), 'delivery tried');
    },
    receiverRefuses: ({ endpointId, status, remedy }) =>
      logger.warn({ endpointId, status, remedy }, 'a receiver refuses its webhooks'),
    operatorActed: ({ address, operator, action, status, ...ids }) =>
      logger.info(
        { ...idsOf(ids), ...operatorOf(operator), action, status, network: networkOf(address) },
        'operator acted',
      ),
    operatorSignedIn: ({ address, operator, failure, ...ids }) =>
      logger[failure === undefined ? 'info' : 'warn'](
        {
          ...idsOf(ids),
          ...operatorOf(operator),
          ...(failure !== undefined && { failure }),
          network: networkOf(address),
        },
        failure === undefined ? 'operator signed in' : 'operator sign-in failed',
      ),
    breakerChanged: ({ operation, state }) =>
      logger[state === 'open' ? 'warn' : 'info']({ operation, state }, 'circuit breaker changed'),
    captchaBreakerChanged: ({ provider, state }) =>
      logger[state === 'open' ? 'warn' : 'info']({ operation: 'captcha', provider, state }, 'circuit breaker changed'),
    configReloaded: ({ cause, changed, restart }) =>
      logger[restart.length > 0 ? 'warn' : 'info']({ cause, changed, restart }, 'configuration reloaded'),
    configRefused: ({ cause, error }) =>
      logger.error({ cause, ...refusalLine(error) }, 'configuration refused, the one before stays in force'),
    insecureReceivers: () => logger.warn('webhooks may be sent in the clear'),
    trouble: (what, error, ids) =>
      logger.error({ ...(ids && { ...idsOf(ids), ...operatorOf(ids.operator) }), ...errorLine(error) }, what),
    crashed: (error) => logger.fatal(errorLine(error), 'crashed'),
  };
}

type AttemptRequest = Parameters<GatewayLog['attemptEnded']>[1];

function attemptLine(attempt: Attempt, { address, replayed, ...ids }: AttemptRequest): Record<string, unknown> {
  return {
    ...idsOf(ids),
    attemptId: attempt.id,
    outcome: attempt.outcome,
    code: attempt.outcome === 'admitted' ? null : attempt.error.code,
    channelId: attempt.channelId,
    captchaProvider: attempt.captcha?.provider ?? null,
    captchaVerified: attempt.captcha?.verified ?? null,
    retries: attempt.retries,
    statusCodes: attempt.statusCodes,
    latencyMs: attempt.latencyMs,
    durationMs: attempt.durationMs,
    correlationId: attempt.correlationId,
    replayed,
    network: networkOf(address),
  };
}

function deliveryLine(line: DeliveryLine): Record<string, unknown> {
  const { deliveryId, eventId, endpointId, result, status, durationMs, state, traceId } = line;
  return { deliveryId, eventId, endpointId, try: line.try, result, status, durationMs, state, traceId };
}

function idsOf({ requestId, traceId }: RequestIds): Record<string, unknown> {
  return { requestId, ...(traceId !== undefined && { traceId }) };
}

function operatorOf(operator: Operator | undefined): Record<string, unknown> {
  if (!operator) return {};
  const { name, role, issuer } = operator;
  return { operator: name, role, ...(issuer !== undefined && { issuer }) };
}

/** Enough to see that callers belong together, and too little to tell who they are. */
function networkOf(address: string): string {
  return rangesOf(address).subnet;
}

/** Faults of settings name a variable and say what it must be; none repeats a value. */
function refusalLine(error: unknown): Record<string, unknown> {
  if (!isGuestpassError(error)) return errorLine(error);
  const faults = error.faults.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`);
  return { code: error.code, ...(faults.length > 0 ? { faults } : { message: error.message }) };
}

const mostFrames = 10;

/** Messages of errors that are not ours may repeat what they were given, so only their kind and place are told. */
function errorLine(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code.slice(0, 64) } : {};
  const cause = error.cause instanceof Error ? { cause: errorLine(error.cause) } : {};
  const message = isGuestpassError(error) ? { message: error.message } : {};
  return { error: error.name, ...code, ...message, frames: framesOf(error), ...cause };
}

function framesOf({ stack = '', message }: Error): string[] {
  const rest = stack.slice(stack.indexOf(message) + message.length);
  const frames = rest.split('\n').flatMap((line) => /^ {4}at (.+)$/.exec(line)?.[1] ?? []);
  return frames.slice(0, mostFrames);
}

const plainLine = /^[\x20-\x7e]*\n?$/;

/**
 * The last look at a line. Characters that move the cursor, change the reading direction or look like a line break are
 * escaped as JSON allows it, so that a line stays one line wherever it is shown; known secrets are taken out.
 */
function createCleaner(secrets: NonNullable<LogOptions['secrets']>): (line: string) => string {
  const now = typeof secrets === 'function' ? secrets : () => secrets;
  let known = now();
  let hidden = hiddenTexts(known);
  return (line) => {
    if (known !== now()) {
      known = now();
      hidden = hiddenTexts(known);
    }
    const open = hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
    return plainLine.test(open) ? open : open.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
  };
}

function hiddenTexts(secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => secret.length >= 8).map((secret) => JSON.stringify(secret).slice(1, -1));
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
