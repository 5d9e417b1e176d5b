import type { Context } from 'hono';
import { type ApiError, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import type { Grant, Tokens } from '../oauth/tokens.ts';
import type { RateState, RateWindows } from '../rate-window.ts';
import type { Guests } from './guests.ts';
import { parsePayload } from './payload.ts';

const scopeNeeded = 'webmessaging:guest:create';

export type ChannelStatus = 'active' | 'disabled';

export interface GuestsEndpointOptions {
  readonly tokens: Tokens;
  /** Counts requests per access token. */
  readonly rates: RateWindows;
  readonly channels: ReadonlyMap<string, ChannelStatus>;
  readonly guests: Guests;
  /** Where guests are told to connect; the host that was asked when absent. */
  readonly messagingUrl: string | undefined;
}

/** `POST /api/v2/conversations/webmessaging/guests`: the tutorial's contract with the platform's errors and headers. */
export function createGuestsEndpoint({ tokens, rates, channels, guests, messagingUrl }: GuestsEndpointOptions) {
  return (c: Context<AskedEnv>): Response => {
    const bearer = tokens.check(c.req.header('authorization'));
    if (!bearer.ok) return apiErrorResponse(bearer.error, c.env.correlationId);
    const { grant } = bearer;
    const rate = rates.take(grant.accessToken);
    const refuse = (error: ApiError) => {
      const headers = { ...rateHeaders(rate), ...error.headers };
      return apiErrorResponse({ ...error, headers }, c.env.correlationId);
    };
    const refusal = rateError(rate) ?? scopeError(grant);
    if (refusal) return refuse(refusal);
    const payload = parsePayload(c.req.header('content-type'), c.env.body);
    if (!payload.ok) return refuse(payload.error);
    const { channelId } = payload;
    const closed = channelError(channelId, channels.get(channelId));
    if (closed) return refuse(closed);
    const guest = guests.create({
      channelId,
      messagingUrl: messagingUrl ?? messagingUrlAt(c.req.url),
      idempotencyKey: keyOf(grant, c.req.header('idempotency-key')),
    });
    return Response.json(guest, { status: 201, headers: rateHeaders(rate) });
  };
}

function rateHeaders({ count, allowed, resetSeconds }: RateState): Record<string, string> {
  return {
    'inin-ratelimit-count': String(count),
    'inin-ratelimit-allowed': String(allowed),
    'inin-ratelimit-reset': String(resetSeconds),
  };
}

function rateError({ admitted, allowed, resetSeconds }: RateState): ApiError | undefined {
  if (admitted) return undefined;
  return {
    status: 429,
    code: 'too.many.requests.retry.after',
    message: `Rate limit exceeded the maximum of ${allowed} requests a minute. Retry the request in [${resetSeconds}] seconds.`,
    headers: { 'Retry-After': String(resetSeconds) },
  };
}

function scopeError({ scopes }: Grant): ApiError | undefined {
  if (scopes.includes(scopeNeeded)) return undefined;
  const message = `The token lacks the scope ${scopeNeeded}.`;
  return { status: 403, code: 'app.not.authorized.for.scope', message };
}

function channelError(channelId: string, status: ChannelStatus | undefined): ApiError | undefined {
  if (status === 'active') return undefined;
  const entity = { entityName: 'channel', entityId: channelId.slice(0, 256) };
  if (status === 'disabled')
    return { status: 403, code: 'not.authorized', message: 'The channel is disabled.', ...entity };
  return { status: 404, code: 'not.found', message: 'The channel was not found.', ...entity };
}

/** Keys of different clients never meet. */
function keyOf({ clientId }: Grant, idempotencyKey: string | undefined): string | undefined {
  return idempotencyKey ? JSON.stringify([clientId, idempotencyKey]) : undefined;
}

function messagingUrlAt(requestUrl: string): string {
  const { protocol, host } = new URL(requestUrl);
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/v1`;
}
