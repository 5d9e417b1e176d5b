import {
  type Context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Instant } from './timeline.ts';

/** Starts and ends spans, and is harmless: what those who take them throw is told as a problem and reaches nobody else. */
export interface CalmTracer {
  /** A span that could not be started has no valid context and records nothing. */
  start(name: string, options: SpanOptions, parent: Context): Span;
  end(span: Span, at: Instant): void;
}

export function calmTracer(tracer: Pick<Tracer, 'startSpan'>, onProblem: (error: unknown) => void): CalmTracer {
  return {
    start(name, options, parent) {
      try {
        return tracer.startSpan(name, options, parent);
      } catch (error) {
        onProblem(error);
        return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
      }
    },
    end(span, at) {
      try {
        span.end(at);
      } catch (error) {
        onProblem(error);
      }
    },
  };
}
