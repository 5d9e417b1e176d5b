import { formatTraceparent, harmlessTracestate, newSpanId, newTraceId, parseTraceparent } from 'guestpass/http';

/** Where one request stands in a trace (W3C Trace Context). */
export interface TracePlace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Names the request itself. */
  readonly traceparent: string;
  /** Passed on as it came, when it is harmless and there is a valid `traceparent`. */
  readonly tracestate?: string;
}

/** Reads the headers `traceparent` and `tracestate`, or begins a trace that nobody samples where they are not usable. */
export function traceOf(headers: Pick<Headers, 'get'>): TracePlace {
  const parent = parseTraceparent(headers.get('traceparent'));
  const { traceId, sampled } = parent ?? { traceId: newTraceId(), sampled: false };
  const traceparent = formatTraceparent({ traceId, parentId: newSpanId(), sampled });
  const tracestate = parent && harmlessTracestate(headers.get('tracestate'));
  return tracestate === undefined ? { traceId, traceparent } : { traceId, traceparent, tracestate };
}
