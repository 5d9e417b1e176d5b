import { type GuestPass, guestCreatedSchema } from '../contract/guest-pass.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import type { ErrorCode } from '../error-table.ts';
import { type Fault, GuestpassError, isGuestpassError } from '../errors.ts';
import type { TokenSource } from '../http/authorize.ts';
import { correlationIdOf } from '../http/correlation-id.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { readJson } from '../http/json.ts';
import { type PlatformRefusal, readPlatformRefusal, waitOfTooMany } from '../http/platform-refusal.ts';
import type { Call, Issue, Issuer, NotIssued } from './issuer.ts';

export interface RestIssuerOptions {
  /** The whole address guests are posted to. */
  readonly guestsUrl: string;
  /** Carries the call, with bearer, retries, pace and deadline already wrapped around it. */
  readonly exchange: Exchange;
  readonly tokens: TokenSource;
  /** Our wall clock in milliseconds, for dates in `Retry-After`. */
  readonly now: () => number;
}

/** The tutorial's contract: one POST to the guests path, answered by `201 Created` with the guest. */
export function restIssuer({ guestsUrl, exchange, tokens, now }: RestIssuerOptions): Issuer {
  return {
    signsIn: false,
    prepare: (_, call) => tokens.get(call),
    async issue(payload, call) {
      let response: HttpResponse;
      try {
        response = await exchange(guestRequest(guestsUrl, payload, call));
      } catch (error) {
        return noAnswer(error, payload.channelId, now());
      }
      return processGuestResponse(response, payload.channelId, now());
    },
  };
}

function guestRequest(url: string, payload: GuestPayload, call: Call): HttpRequest {
  const { idempotencyKey, signal, deadlineAt, trace } = call;
  return {
    method: 'POST',
    url,
    headers: idempotencyKey === undefined ? jsonHeaders : { ...jsonHeaders, 'idempotency-key': idempotencyKey },
    body: JSON.stringify(payload),
    ...(signal && { signal }),
    ...(deadlineAt !== undefined && { deadlineAt }),
    ...(trace && { trace }),
  };
}

const jsonHeaders = { 'content-type': 'application/json', accept: 'application/json' };

/** Reads what the guests path answered. Nothing but a whole, valid guest in a `201` admits. */
export function processGuestResponse(response: HttpResponse, channelId: string, nowMs: number): Issue {
  const facts = {
    tries: response.tries ?? [{ status: response.status, durationMs: 0 }],
    correlationId: correlationIdOf(response.headers) ?? null,
  };
  if (response.status === 201) {
    const guestPass = readGuestPass(response, channelId);
    if (guestPass) return { outcome: 'admitted', guestPass, ...facts };
  }
  const correlation = facts.correlationId === null ? {} : { correlationId: facts.correlationId };
  const refusal = refusalOf(response, nowMs);
  const { outcome, code, detail, ...more } = response.sent === 'maybe' ? inDoubt(refusal, response.status) : refusal;
  const error = new GuestpassError(code, detail, {
    status: response.status,
    tries: facts.tries,
    ...correlation,
    ...more,
  });
  return { outcome, error, ...facts };
}

function readGuestPass(response: HttpResponse, channelId: string): GuestPass | undefined {
  const created = guestCreatedSchema.safeParse(jsonOrNothing(response));
  if (!created.success) return undefined;
  const { guestId, sessionToken, expiresAt, messaging } = created.data;
  return { guestId, channelId, sessionToken, expiresAt: expiresAt ?? null, connect: messaging ?? null };
}

/** An answer speaks for its own try alone; one before it may have made the guest. */
function inDoubt(refusal: Refusal, status: number): Refusal {
  if (refusal.outcome === 'unknown') return refusal;
  return unknown('outcome_unknown', `A try was sent in vain and its repeat answered ${status}; the guest may exist.`);
}

interface Refusal {
  readonly outcome: NotIssued['outcome'];
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryAfterMs?: number;
  readonly retryable?: boolean;
  readonly faults?: readonly Fault[];
}

function refusalOf(response: HttpResponse, nowMs: number): Refusal {
  const { status } = response;
  if (status === 201) return unknown('platform_response_invalid', 'The platform answered 201 without a valid guest.');
  if (status >= 200 && status < 300) {
    return unknown('platform_response_invalid', `The platform answered ${status} where 201 tells of a new guest.`);
  }
  if (status < 400) return failed('platform_response_invalid', `The platform answered with a redirect (${status}).`);
  if (status === 429) return rateLimited(response, nowMs);
  return status < 500 ? clientError(response) : serverError(status);
}

function clientError(response: HttpResponse): Refusal {
  const { status } = response;
  const body = readPlatformRefusal(jsonOrNothing(response), pointerTo);
  const { named } = body;
  switch (status) {
    case 401:
      return failed('unauthorized', `The platform refused a fresh access token${named}.`);
    case 403:
      return failed('forbidden', `The platform answered 403${named}.`);
    case 404:
      if (body.entityName === 'channel') return rejected('The platform does not know this channel.', body);
      return failed('endpoint_not_found', 'The platform answered 404 for the guests path.');
    case 408:
    case 425:
      return failed('platform_unavailable', `The platform answered ${status} until the retries were spent.`);
    default:
      return rejected(`The platform answered ${status}${named}.`, body);
  }
}

function serverError(status: number): Refusal {
  if (status === 502 || status === 504) {
    return unknown('outcome_unknown', `Something before the platform gave up (${status}); the guest may exist.`);
  }
  const retryable = status === 503;
  return { ...failed('platform_unavailable', `The platform answered ${status}.`), retryable };
}

function rateLimited(response: HttpResponse, nowMs: number): Refusal {
  const detail = 'The platform answered 429 until the retries or the time were spent.';
  return { ...failed('rate_limited', detail), retryAfterMs: waitOfTooMany(response, nowMs) };
}

function rejected(detail: string, { faults }: PlatformRefusal): Refusal {
  return { ...failed('request_rejected', detail), faults };
}

const failed = (code: ErrorCode, detail: string): Refusal => ({ outcome: 'failed', code, detail });
const unknown = (code: ErrorCode, detail: string): Refusal => ({ outcome: 'unknown', code, detail });

/** Fields of the payload that was sent. */
const fieldShape = /^(?:channelId|consent|captcha|attributes)(?:\.[\w-]{1,64}){0,5}$/;

function pointerTo(field: string): string | undefined {
  return fieldShape.test(field) ? `/${field.replaceAll('.', '/')}` : undefined;
}

function jsonOrNothing(response: HttpResponse): unknown {
  try {
    return readJson(response);
  } catch {
    return undefined;
  }
}

/** What a call without an answer means for the guest. */
function noAnswer(error: unknown, channelId: string, nowMs: number): Issue {
  if (isGuestpassError(error)) return notAsked(error, []);
  if (!(error instanceof ExchangeError)) throw error;
  const { failure, sent, tries, status, cause } = error;
  if (sent === 'no' && isGuestpassError(cause)) return notAsked(cause, tries);
  if (status !== undefined) {
    return processGuestResponse({ status, headers: {}, body: new Uint8Array(), tries }, channelId, nowMs);
  }
  const facts = { tries, correlationId: null };
  if (sent === 'maybe') {
    const detail = `The request was sent and no answer came (${failure}).`;
    return { outcome: 'unknown', error: new GuestpassError('outcome_unknown', detail, { cause: error }), ...facts };
  }
  return { outcome: 'failed', error: notSent(failure, { cause: error }), ...facts };
}

/** We ended the call ourselves: no token, or no turn. */
function notAsked(error: GuestpassError, tries: Issue['tries']): Issue {
  return { outcome: 'failed', error, tries, correlationId: error.correlationId ?? null };
}

function notSent(failure: string, details: { readonly cause: unknown }): GuestpassError {
  switch (failure) {
    case 'deadline':
      return new GuestpassError('deadline_exceeded', 'The deadline passed before the guest was asked for.', details);
    case 'aborted':
      return new GuestpassError('aborted', 'The caller gave the attempt up before the guest was asked for.', details);
    default:
      return new GuestpassError('platform_unavailable', `The platform could not be reached (${failure}).`, details);
  }
}
