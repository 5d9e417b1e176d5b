import { randomUUID } from 'node:crypto';

/** One try of a request about to be sent, as it is told to whoever follows it. Holds no header and no body. */
export interface TryBegun {
  /** What the request is for: `token`, `guest` or `webhook`. */
  readonly operation: string;
  readonly method: string;
  /** Origin and path; the query is left out. */
  readonly url: string;
  /** How often the request was sent before. */
  readonly resends: number;
}

/** How a try ended: a status, or the failure's name. */
export interface TryEnded {
  readonly status?: number;
  readonly failure?: string;
  /** The platform's id for the request, when it gave one. */
  readonly correlationId?: string;
}

/** What a request carries of the trace it belongs to (W3C Trace Context). */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** One try that is followed. */
export interface FollowedTry {
  readonly headers: TraceHeaders;
  /** Told how the try ended, once. It may throw; it cannot change anything. */
  readonly end?: (ended: TryEnded) => void;
}

/** Follows tries: called before each, in the turn that sends it. One that throws or returns nothing does not follow. */
export type TraceTry = (begun: TryBegun) => FollowedTry | undefined;

/** The content of a `traceparent` field. */
export interface TraceParent {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly parentId: string;
  readonly sampled: boolean;
}

/** `undefined` for what is no `traceparent`; later versions are read as far as version 00 goes. */
export function parseTraceparent(text: string | null | undefined): TraceParent | undefined {
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,256})?$/.exec(text ?? '');
  const [, version, traceId = '', parentId = '', flags = '', more] = parts ?? [];
  if (!parts || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a `traceparent` field, version 00. */
export function formatTraceparent({ traceId, parentId, sampled }: TraceParent): string {
  return `00-${traceId}-${parentId}-${sampled ? '01' : '00'}`;
}

/** The `tracestate` to pass on, or `undefined` for one that is too long or could harm a header. */
export function harmlessTracestate(text: string | null | undefined): string | undefined {
  return text && text.length <= 512 && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}

/** 32 lower-case hex digits, 122 bits of them random. */
export function newTraceId(): string {
  // Node keeps random bytes for UUIDs at hand; for single ids it would ask the system each time.
  return randomUUID().replaceAll('-', '');
}

/** 16 random lower-case hex digits. */
export function newSpanId(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}

/** The headers of a trace that a request came with, where it came with any. */
interface ReceivedHeaders {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/**
 * Carries a trace on: each try gets an id of its own in the trace of `traceparent`, and `tracestate` as it came. A
 * `traceparent` that is malformed is not carried on: a trace that nobody samples begins in its place, without
 * `tracestate`.
 */
export function continueTrace({ traceparent, tracestate }: ReceivedHeaders): TraceTry {
  const parent = parseTraceparent(traceparent);
  const { traceId, sampled } = parent ?? { traceId: newTraceId(), sampled: false };
  const state = parent && harmlessTracestate(tracestate);
  return () => {
    const own = formatTraceparent({ traceId, parentId: newSpanId(), sampled });
    return { headers: state === undefined ? { traceparent: own } : { traceparent: own, tracestate: state } };
  };
}
