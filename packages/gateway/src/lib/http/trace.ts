import { randomBytes, randomUUID } from 'node:crypto';

/** How one request is found again, here and in the logs of others. */
export interface Trace {
  readonly requestId: string;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: our own span. */
  readonly spanId: string;
  /** The caller's span, when the caller is traced. */
  readonly parentId: string | null;
  readonly sampled: boolean;
  /** Passed on as it came, when it is harmless and there is a valid `traceparent`; else `null`. */
  readonly tracestate: string | null;
}

/** Reads the headers `X-Request-Id`, `traceparent` and `tracestate`, or makes up what is absent or not usable. */
export function traceOf(headers: Pick<Headers, 'get'>): Trace {
  const parent = parseTraceparent(headers.get('traceparent'));
  return {
    requestId: requestId(headers.get('x-request-id')),
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentId: parent?.parentId ?? null,
    sampled: parent?.sampled ?? false,
    tracestate: parent ? harmlessState(headers.get('tracestate')) : null,
  };
}

/** The caller's id for the request when it can harm no log and no page, else a fresh one. */
export function requestId(given: string | null = null): string {
  return given !== null && /^[A-Za-z0-9._-]{8,128}$/.test(given) ? given : `req_${randomUUID()}`;
}

/** The `traceparent` that a call made for this request carries (W3C Trace Context, version 00). */
export function traceparent({ traceId, spanId, sampled }: Pick<Trace, 'traceId' | 'spanId' | 'sampled'>): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

interface Parent {
  readonly traceId: string;
  readonly parentId: string;
  readonly sampled: boolean;
}

/** `undefined` for what is no `traceparent`; later versions are read as far as version 00 goes. */
export function parseTraceparent(text: string | null): Parent | undefined {
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,256})?$/.exec(text ?? '');
  const [, version, traceId = '', parentId = '', flags = '', more] = parts ?? [];
  if (!parts || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

function harmlessState(text: string | null): string | null {
  return text !== null && text.length <= 512 && /^[\x20-\x7e]+$/.test(text) ? text : null;
}
