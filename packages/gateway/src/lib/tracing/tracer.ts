import { ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';
import type { Clock } from 'guestpass';
import { calmTracer } from './calm-tracer.ts';
import { createSpans } from './spans.ts';
import { plainTracing, type Tracing } from './tracing.ts';

export interface TracingOptions {
  readonly clock: Clock;
  /** Takes the spans. Default the one an OpenTelemetry SDK has registered in this process; without one there are none. */
  readonly provider?: TracerProvider | undefined;
  /** Told of what those who take the spans throw. */
  readonly onProblem: (error: unknown) => void;
}

/** Spans where somebody takes them, and nothing but the ids that are carried on where nobody does. */
export function createTracing({ clock, provider = trace.getTracerProvider(), onProblem }: TracingOptions): Tracing {
  const name = '@guestpass/gateway';
  // The provider of the API stands for a registered one, and knows whether there is one.
  const tracer = provider instanceof ProxyTracerProvider ? provider.getDelegateTracer(name) : provider.getTracer(name);
  return tracer ? createSpans({ tracer: calmTracer(tracer, onProblem), clock }) : plainTracing;
}
