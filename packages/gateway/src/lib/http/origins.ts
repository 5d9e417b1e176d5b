import { GuestpassError } from 'guestpass';

/** A website that may let guests in. */
export interface AllowedOrigin {
  /** As browsers send it: scheme, host and port, such as `https://www.example.com`. */
  readonly origin: string;
  /** The one channel it may use; without it, every channel. */
  readonly channelId?: string;
}

export interface OriginsOptions {
  readonly allowed: readonly AllowedOrigin[];
  /** Origins of our own pages, which may use every channel. They may be known only after the start. Default none. */
  readonly own?: () => readonly string[];
  /**
   * Refuse a request without an `Origin` header too. Browsers send one with each POST; other callers can write what they
   * like. Default: when any origin is allowed.
   */
  readonly required?: boolean;
}

/** Which websites may ask. */
export interface Origins {
  /** Why a page of this origin may not use the channel; `undefined` when it may. Without a channel: any channel. */
  refuse(origin: string | null, channelId?: string): GuestpassError | undefined;
  /** Headers that let a page read an answer; only `Vary` for an origin that is not allowed anywhere. */
  corsHeaders(origin: string | null): Record<string, string>;
  /** Headers of the answer to a preflight request; nothing is allowed unless all that was asked for is. */
  preflightHeaders(asked: Pick<Headers, 'get'>): Record<string, string>;
}

const methods = ['GET', 'POST'];
const requestHeaders = ['content-type', 'idempotency-key', 'x-request-id', 'traceparent', 'tracestate'];
const answerHeaders =
  'Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id, traceparent';
const preflightSeconds = 600;

/** Compares whole origins, in lower case. There are no patterns, and credentials are never allowed. */
export function createOrigins({ allowed, own = () => [], required = allowed.length > 0 }: OriginsOptions): Origins {
  const channelsOf = new Map<string, Set<string | undefined>>();
  for (const { origin, channelId } of allowed) {
    const key = origin.toLowerCase();
    channelsOf.set(key, (channelsOf.get(key) ?? new Set()).add(channelId));
  }

  const mayUse = (origin: string, channelId: string | undefined) => {
    const wanted = origin.toLowerCase();
    if (own().includes(wanted)) return true;
    const channels = channelsOf.get(wanted);
    return channels !== undefined && (channelId === undefined || channels.has(undefined) || channels.has(channelId));
  };

  const corsHeaders = (origin: string | null): Record<string, string> => ({
    Vary: 'Origin',
    ...(origin !== null &&
      mayUse(origin, undefined) && {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': answerHeaders,
      }),
  });

  return {
    refuse(origin, channelId) {
      if (origin === null) return required ? refusal('The request names no Origin.') : undefined;
      return mayUse(origin, channelId) ? undefined : refusal('The Origin is not one of those allowed.');
    },
    corsHeaders,
    preflightHeaders(asked) {
      const vary = { Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers' };
      const origin = asked.get('origin');
      const names = (asked.get('access-control-request-headers') ?? '').toLowerCase().split(',');
      const agreed =
        origin !== null &&
        mayUse(origin, undefined) &&
        methods.includes(asked.get('access-control-request-method') ?? '') &&
        names.map((name) => name.trim()).every((name) => name === '' || requestHeaders.includes(name));
      if (!agreed) return vary;
      return {
        ...vary,
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Methods': methods.join(', '),
        'Access-Control-Allow-Headers': requestHeaders.join(', '),
        'Access-Control-Max-Age': String(preflightSeconds),
      };
    },
  };
}

function refusal(detail: string): GuestpassError {
  return new GuestpassError('origin_not_allowed', detail);
}
