import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Clock } from 'guestpass';
import {
  formatTraceparent,
  harmlessTracestate,
  parseTraceparent,
  type TraceHeaders,
  type TraceTry,
  type TryBegun,
  type TryEnded,
} from 'guestpass/http';
import type { CalmTracer } from './calm-tracer.ts';
import { type StageSpans, stageSpans } from './stage-spans.ts';
import { type Timeline, timelineOf } from './timeline.ts';
import {
  type DeliveryTrace,
  plainTracing,
  type RequestTrace,
  type ToldRequest,
  type TracedDelivery,
  type Tracing,
} from './tracing.ts';

export interface SpansOptions {
  readonly tracer: CalmTracer;
  readonly clock: Clock;
}

/**
 * Tells OpenTelemetry what happens, by the semantic conventions 1.44. Parents are handed from call to call, never looked
 * up, so that guests who come at once are not mixed up. No attribute holds a token, a captcha answer or anything else a
 * guest sent but the channel.
 */
export function createSpans({ tracer, clock }: SpansOptions): Tracing {
  return {
    receive(request) {
      const at = timelineOf(clock);
      const parent = parentOf(request.headers);
      const { method, attributes } = aboutRequest(request);
      const span = tracer.start(method, { kind: SpanKind.SERVER, attributes, startTime: at() }, parent);
      // A provider that is switched off names nothing; the trace goes on all the same.
      if (!isSpanContextValid(span.spanContext())) return plainTracing.receive(request);
      const inSpan = trace.setSpan(parent, span);
      return requestTrace({ span, method, inSpan, at, stages: stageSpans(tracer, { inSpan, at, clock }), tracer });
    },
    alone: (begun) => followTry(begun, { tracer, at: timelineOf(clock), inSpan: ROOT_CONTEXT }),
    deliver: (delivery) => deliveryTrace(delivery, { tracer, at: timelineOf(clock) }),
  };
}

interface Received {
  readonly tracer: CalmTracer;
  readonly span: Span;
  readonly method: string;
  readonly inSpan: Context;
  readonly at: Timeline;
  readonly stages: StageSpans;
}

function requestTrace({ tracer, span, method, inSpan, at, stages }: Received): RequestTrace {
  let code: string | undefined;
  return {
    traceId: span.spanContext().traceId,
    traceparent: headersOf(span.spanContext()).traceparent,
    try: (begun) => followTry(begun, { tracer, at, inSpan: stages.contextOf(begun.operation) }),
    follow: stages.follow,
    within: (work) => context.with(inSpan, work),
    tell(told) {
      code = codeOf(told);
      span.setAttributes(aboutAttempt(told));
    },
    end({ status, route }) {
      stages.end();
      if (route !== undefined) {
        span.updateName(`${method} ${route}`);
        span.setAttribute('http.route', route);
      }
      span.setAttribute('http.response.status_code', status);
      // What the caller did wrong is no error of the server.
      if (status >= 500) endWithError(span, code ?? String(status));
      tracer.end(span, at());
    },
  };
}

/** The span around us, when another library began one for this request; else the caller's, by its headers. */
function parentOf(headers: Pick<Headers, 'get'>): Context {
  const around = context.active();
  if (trace.getSpan(around)) return around;
  const remote = remoteOf(headers.get('traceparent'), headers.get('tracestate'));
  return remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
}

function remoteOf(traceparent: string | null, tracestate: string | null = null): SpanContext | undefined {
  const parent = parseTraceparent(traceparent);
  if (!parent) return undefined;
  const { traceId, parentId: spanId, sampled } = parent;
  const state = harmlessTracestate(tracestate);
  return {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  };
}

function headersOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceHeaders {
  const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  const traceparent = formatTraceparent({ traceId, parentId: spanId, sampled });
  const tracestate = harmlessTracestate(traceState?.serialize());
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

const knownMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

function aboutRequest({ method, url }: Pick<Request, 'method' | 'url'>) {
  const isKnown = knownMethods.has(method);
  const attributes = { 'http.request.method': isKnown ? method : '_OTHER', ...serverOf(new URL(url)) };
  return { method: isKnown ? method : 'HTTP', attributes };
}

function serverOf({ protocol, hostname, port }: URL): Attributes {
  const scheme = protocol.slice(0, -1);
  const usual = scheme === 'https' || scheme === 'wss' ? 443 : 80;
  return { 'url.scheme': scheme, 'server.address': hostname, 'server.port': port === '' ? usual : Number(port) };
}

function codeOf({ code, attempt }: ToldRequest): string | undefined {
  return code ?? (attempt && attempt.outcome !== 'admitted' ? attempt.error.code : undefined);
}

function aboutAttempt(told: ToldRequest): Attributes {
  const { requestId, attempt, replayed } = told;
  const code = codeOf(told);
  return {
    'guestpass.request.id': requestId,
    ...(code !== undefined && { 'guestpass.code': code }),
    ...(attempt && {
      'guestpass.attempt.id': attempt.id,
      'guestpass.outcome': attempt.outcome,
      ...(attempt.channelId !== null && { 'guestpass.channel': attempt.channelId }),
      ...(attempt.outcome !== 'admitted' && { 'guestpass.stage': attempt.stage }),
    }),
    ...(replayed && { 'guestpass.replayed': true }),
  };
}

interface TryPlace {
  readonly tracer: CalmTracer;
  readonly at: Timeline;
  readonly inSpan: Context;
}

function followTry(begun: TryBegun, { tracer, at, inSpan }: TryPlace): ReturnType<TraceTry> {
  const { name, attributes } = aboutTry(begun);
  const span = tracer.start(name, { kind: SpanKind.CLIENT, attributes, startTime: at() }, inSpan);
  if (!isSpanContextValid(span.spanContext())) return undefined;
  return {
    headers: headersOf(span.spanContext()),
    end({ status, failure, correlationId }: TryEnded) {
      if (status !== undefined) span.setAttribute('http.response.status_code', status);
      if (correlationId !== undefined) span.setAttribute('guestpass.correlation_id', correlationId);
      if (status === undefined) endWithError(span, failure ?? 'error');
      else if (status >= 400) endWithError(span, String(status));
      tracer.end(span, at());
    },
  };
}

function aboutTry({ operation, method, url, resends }: TryBegun) {
  const target = URL.parse(url);
  // The paths of receivers are others' affair, and may be secret; those of the platform are few.
  const isOurs = target !== null && operation !== 'webhook';
  return {
    name: isOurs ? `${method} ${target.pathname}` : method,
    attributes: {
      'http.request.method': method,
      'guestpass.operation': operation,
      ...(target && serverOf(target)),
      ...(isOurs && { 'url.full': url, 'url.template': target.pathname }),
      ...(resends > 0 && { 'http.request.resend_count': resends }),
    },
  };
}

/** A child of the request it tells of, and linked to it too: it may come days later. */
function deliveryTrace(delivery: TracedDelivery, { tracer, at }: Omit<TryPlace, 'inSpan'>): DeliveryTrace {
  const { id, eventId, eventType, attemptId, endpointId, try: number, traceparent } = delivery;
  const origin = remoteOf(traceparent);
  const parent = origin ? trace.setSpanContext(ROOT_CONTEXT, origin) : ROOT_CONTEXT;
  const attributes = {
    'guestpass.delivery.id': id,
    'guestpass.event.id': eventId,
    'guestpass.event.type': eventType,
    'guestpass.endpoint.id': endpointId,
    'guestpass.try': number,
    ...(attemptId !== null && { 'guestpass.attempt.id': attemptId }),
  };
  const links = origin ? [{ context: origin }] : [];
  const start = { kind: SpanKind.CONSUMER, attributes, links, startTime: at() };
  const span = tracer.start(`deliver ${eventType}`, start, parent);
  if (!isSpanContextValid(span.spanContext())) return plainTracing.deliver(delivery);
  const inSpan = trace.setSpan(parent, span);
  return {
    try: (begun) => followTry(begun, { tracer, at, inSpan }),
    end(result = 'broken_off') {
      span.setAttribute('guestpass.result', result);
      if (result !== 'delivered') endWithError(span, result);
      tracer.end(span, at());
    },
  };
}

function endWithError(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
