import { type Context, type Span, trace } from '@opentelemetry/api';
import type { Clock, StageName } from 'guestpass';
import type { Stopwatch } from 'guestpass/pipeline';
import type { CalmTracer } from './calm-tracer.ts';
import type { Timeline } from './timeline.ts';

/** The stages of one attempt as spans. */
export interface StageSpans {
  /** Tells of each stage when it ends. */
  follow(watch: Stopwatch): Stopwatch;
  /** Where a try of this operation belongs: the stage that waits for it, or the request once all is over. */
  contextOf(operation: string): Context;
  /** Ends what is open. */
  end(): void;
}

interface Place {
  /** Of the request. */
  readonly inSpan: Context;
  readonly at: Timeline;
  readonly clock: Clock;
}

/** A stopwatch names a stage when it ends; the span of one that calls the platform begins with the first try. */
export function stageSpans(tracer: CalmTracer, { inSpan, at, clock }: Place): StageSpans {
  const open = new Map<StageName, Span>();
  const ended = new Set<StageName>();
  let last = clock.monotonic();
  let isOver = false;

  const spanOf = (stage: StageName): Span => {
    const known = open.get(stage);
    if (known) return known;
    const attributes = { 'guestpass.stage': stage };
    const span = tracer.start(`guestpass.${stage}`, { attributes, startTime: at(last) }, inSpan);
    open.set(stage, span);
    return span;
  };

  return {
    follow(watch) {
      last = watch.startedAt;
      return {
        startedAt: watch.startedAt,
        stages: watch.stages,
        elapsed: () => watch.elapsed(),
        lap(stage) {
          const spanMs = watch.lap(stage);
          const span = spanOf(stage);
          last = clock.monotonic();
          tracer.end(span, at(last));
          open.delete(stage);
          ended.add(stage);
          return spanMs;
        },
      };
    },
    contextOf(operation) {
      if (isOver) return inSpan;
      // A token or a JWT that the platform refuses is replaced while the guest waits.
      const stage = operation !== 'guest' && !ended.has('token') ? 'token' : 'guest';
      return trace.setSpan(inSpan, spanOf(stage));
    },
    end() {
      isOver = true;
      for (const span of open.values()) tracer.end(span, at());
      open.clear();
    },
  };
}
