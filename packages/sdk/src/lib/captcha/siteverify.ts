import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import { withBreaker } from '../http/breaker.ts';
import type { Breaker } from '../http/breaker-state.ts';
import { type Bulkhead, overflow, withBulkhead } from '../http/bulkhead.ts';
import { withDeadline } from '../http/deadline.ts';
import { type Exchange, ExchangeError } from '../http/exchange.ts';
import { hcaptcha, recaptcha, type SiteverifyProvider, turnstile } from './provider.ts';
import { type Expected, processSiteverify, type Reading } from './siteverify-reply.ts';
import type { CaptchaAnswer, CaptchaCall, CaptchaVerdict, CaptchaVerifier } from './verifier.ts';

/** How a captcha provider is asked, and what its answer must say. */
export interface SiteverifyOptions extends Expected {
  /** The secret that belongs to the site key. */
  readonly secret: string;
  /** The network. */
  readonly exchange: Exchange;
  /** Default the system's clock. */
  readonly clock?: Clock | undefined;
  /** Told to hCaptcha, which then refuses answers made for another site key. Default: it is not told. */
  readonly siteKey?: string | undefined;
  /** Address to ask instead of the provider's; `https`, or `http` on a loopback address. */
  readonly url?: string | undefined;
  /** Time for one request, in milliseconds. Default 3,000. */
  readonly timeoutMs?: number | undefined;
  /** Of this provider: while it is open, verdicts are `unavailable` at once and nothing is sent. Default none. */
  readonly breaker?: Breaker | undefined;
  /** Of this provider: what finds neither a place nor room to wait is `overloaded`, and not sent. Default none. */
  readonly bulkhead?: Bulkhead | undefined;
  /** Takes a secret that the provider publishes for trials, under which anybody passes. Default false. */
  readonly allowTestSecret?: boolean | undefined;
}

/**
 * Checks answers of reCAPTCHA v2 or v3. Asks again only when nothing was sent, since a second question about an answer
 * would find it used.
 *
 * @throws GuestpassError `config_invalid` when secret or address is not usable.
 */
export function recaptchaVerifier(options: SiteverifyOptions): CaptchaVerifier {
  return createSiteverify(recaptcha, options);
}

/**
 * Checks answers of hCaptcha, like {@link recaptchaVerifier}. Its score, which tells a risk, is turned round.
 *
 * @throws GuestpassError `config_invalid` when secret or address is not usable.
 */
export function hcaptchaVerifier(options: SiteverifyOptions): CaptchaVerifier {
  return createSiteverify(hcaptcha, options);
}

/**
 * Checks answers of Turnstile. Each carries an idempotency key, so that one whose verdict was lost is asked about once
 * more.
 *
 * @throws GuestpassError `config_invalid` when secret or address is not usable.
 */
export function turnstileVerifier(options: SiteverifyOptions): CaptchaVerifier {
  return createSiteverify(turnstile, options);
}

function createSiteverify(provider: SiteverifyProvider, options: SiteverifyOptions): CaptchaVerifier {
  const { clock = systemClock, timeoutMs = 3_000 } = options;
  const url = checkedUrl(options.url ?? provider.url);
  checkSecret(provider, options);
  const exchange = guarded(withDeadline(options.exchange, { clock }), options);

  const ask = async (body: string, { signal, deadlineAt = Number.POSITIVE_INFINITY }: CaptchaCall) => {
    const until = Math.min(deadlineAt, clock.monotonic() + timeoutMs);
    try {
      const response = await exchange({
        method: 'POST',
        url,
        headers,
        body,
        deadlineAt: until,
        ...(signal && { signal }),
      });
      return { ...processSiteverify(response, provider, options), sent: 'maybe' as const };
    } catch (error) {
      if (error instanceof ExchangeError) return noAnswer(error);
      if (isGuestpassError(error) && error.code === 'platform_unavailable') return leftAloneBy(error);
      throw error;
    }
  };

  const worthAsking = ({ deadlineAt = Number.POSITIVE_INFINITY }: CaptchaCall) =>
    deadlineAt - clock.monotonic() >= shortestTimeMs;

  return {
    async verify(answer, call) {
      if (answer.response.length > provider.longestAnswer || !answerShape.test(answer.response)) {
        return { verdict: 'rejected', reason: 'malformed' };
      }
      const body = buildForm(answer, provider, options);
      const first = await ask(body, call);
      const again = first.sent === 'no' || provider.idempotent;
      if (!first.unclear || !again || !worthAsking(call)) return first.verdict;
      if (first.sent === 'no') return (await ask(body, call)).verdict;
      const { verdict } = await ask(body, call).catch(unsent);
      return afterRepeat(verdict, first.verdict);
    },
    heldBack() {
      if (options.bulkhead?.isFull) throw overflow(options.bulkhead);
      const waitMs = options.breaker?.waitAt(clock.monotonic()) ?? 0;
      return waitMs > 0 ? { ...leftAlone, retryAfterMs: Math.ceil(waitMs) } : undefined;
    },
  };
}

function guarded(
  exchange: Exchange,
  { breaker, bulkhead, clock = systemClock }: Pick<SiteverifyOptions, 'breaker' | 'bulkhead' | 'clock'>,
): Exchange {
  const watched = breaker ? withBreaker(exchange, { breaker, clock }) : exchange;
  return bulkhead ? withBulkhead(watched, bulkhead) : watched;
}

const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

/** Nothing else is in an answer of these providers, and nothing else could mean something in a form. */
const answerShape = /^[\w.~+/=-]{2,}$/;
const addressShape = /^[0-9A-Fa-f:.]{2,45}$/;

/** A request with less time than this is not worth sending. */
const shortestTimeMs = 300;

function buildForm(
  { response, remoteIp }: CaptchaAnswer,
  { idempotent }: SiteverifyProvider,
  { secret, siteKey }: SiteverifyOptions,
): string {
  const form = new URLSearchParams({ secret, response });
  if (remoteIp !== undefined && addressShape.test(remoteIp)) form.set('remoteip', remoteIp);
  if (siteKey !== undefined) form.set('sitekey', siteKey);
  if (idempotent) form.set('idempotency_key', randomUUID());
  return form.toString();
}

function noAnswer({ failure, sent, permanent }: ExchangeError): Reading & Pick<ExchangeError, 'sent'> {
  if (failure === 'aborted') return { verdict: { verdict: 'unavailable', reason: 'aborted' }, unclear: false, sent };
  const reason = failure === 'deadline' ? 'timeout' : 'unreachable';
  return { verdict: { verdict: 'unavailable', reason, failure }, unclear: !permanent, sent };
}

const leftAlone = { verdict: 'unavailable', reason: 'left_alone' } as const;

/** The breaker speaks of any upstream alike. */
function leftAloneBy({ retryAfterMs }: GuestpassError): Reading & Pick<ExchangeError, 'sent'> {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { verdict: { ...leftAlone, ...wait }, unclear: false, sent: 'no' };
}

/** A repeat that finds no place is not sent, as with a breaker that opened meanwhile. */
function unsent(error: unknown): Pick<Reading, 'verdict'> {
  if (isGuestpassError(error) && error.code === 'overloaded') return { verdict: leftAlone };
  throw error;
}

/** That the answer is spent is our own doing, and says nothing of the visitor; one that is not sent says nothing new. */
function afterRepeat(verdict: CaptchaVerdict, first: CaptchaVerdict): CaptchaVerdict {
  if (verdict.verdict === 'unavailable' && verdict.reason === 'left_alone') return first;
  const spent = verdict.verdict === 'reused' || (verdict.verdict === 'rejected' && verdict.reason === 'expired');
  return spent ? { verdict: 'unavailable', reason: 'outcome_unknown' } : verdict;
}

/** Secrets go over `https` only; a loopback address never leaves the machine. */
function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) throw unusable('The captcha address is not a URL.');
  if (url.username || url.password) throw unusable('The captcha address holds credentials of its own.');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw unusable(`The captcha address at ${url.host} is not https, and the secret is sent over nothing else.`);
  }
  return url.href;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function checkSecret({ testSecrets }: SiteverifyProvider, { secret, allowTestSecret }: SiteverifyOptions): void {
  if (!secret) throw unusable('The captcha secret is empty.');
  if (testSecrets.includes(secret) && !allowTestSecret) {
    throw unusable("The captcha secret is the provider's public one for trials, under which anybody passes.");
  }
}

function unusable(detail: string): GuestpassError {
  return new GuestpassError('config_invalid', detail);
}
