import { type Clock, systemClock } from 'guestpass';
import { parseTraceparent } from 'guestpass/http';
import { createEvents, type Events } from './events.ts';
import { refusalOf } from './http/refusal.ts';
import type { ConfigReload } from './reload/config-reload.ts';
import { attemptEvent, deliveryEvent, type StreamEvent } from './routes/operator/stream-event.ts';
import { rememberEvent, type StreamMemory } from './routes/operator/stream-memory.ts';
import { secretsOf } from './settings/log-secrets.ts';
import { createLog, type GatewayLog } from './watch/log.ts';
import { createMetrics, type Metrics } from './watch/metrics/metrics.ts';
import type { GatewayObserver } from './watch/observer.ts';
import { type PlatformBreakers, watchBreakers } from './watch/platform-breakers.ts';
import { watchRefusals } from './watch/receiver-refusals.ts';
import { createSeldom } from './watch/seldom.ts';

export interface WatchOptions {
  readonly version: string;
  /** Where log lines go: one JSON object each, newline included. */
  readonly write: (line: string) => void;
  readonly clock?: Clock;
}

/** Everybody who is told what happens: the log, the counters and the operators' stream. */
export interface Watch {
  readonly log: GatewayLog;
  readonly metrics: Metrics;
  readonly events: Events<StreamEvent, StreamMemory>;
  readonly observer: GatewayObserver;
  readonly breakers: PlatformBreakers;
}

/** Opens the log, the counters and the stream, and tells each of what concerns it. */
export function watchOver(
  live: Pick<ConfigReload, 'config'>,
  { version, write, clock = systemClock }: WatchOptions,
  freshToken: string | undefined,
): Watch {
  const { config } = live;
  const log = createLog({ clock, write, level: config.logLevel, secrets: hiddenTexts(live, freshToken) });
  const metrics = createMetrics({
    version,
    channels: config.platform.policy?.allowedChannels ?? [],
    process: true,
  });
  const events = createEvents({ remember: rememberEvent });
  const breakers = watchBreakers({ log, metrics });
  return { log, metrics, events, observer: observe({ log, metrics, events }, clock), breakers };
}

/** Secrets of before are hidden too: they may still stand in what is told late. */
function hiddenTexts(live: Pick<ConfigReload, 'config'>, freshToken: string | undefined): () => readonly string[] {
  const fresh = freshToken === undefined ? [] : [freshToken];
  let config = live.config;
  let texts: readonly string[] = [...fresh, ...secretsOf(config)];
  return () => {
    if (live.config === config) return texts;
    texts = [...secretsOf(live.config), ...secretsOf(config), ...fresh];
    config = live.config;
    return texts;
  };
}

function observe({ log, metrics, events }: Pick<Watch, 'log' | 'metrics' | 'events'>, clock: Clock): GatewayObserver {
  const isTime = createSeldom(clock, 10_000);
  const noteRefusal = watchRefusals(log.receiverRefuses);
  return {
    request({ caller, admission, error }) {
      const { address, requestId, trace } = caller;
      const ids = trace ? { requestId, traceId: trace.traceId } : { requestId };
      if (!admission) {
        const { code } = refusalOf(error);
        metrics.requestRefused(code);
        if (code === 'internal_error') log.trouble('A request could not be completed.', error, ids);
        else log.requestRefused({ address, ...ids, code });
        return;
      }
      const { attempt, replayed } = admission;
      log.attemptEnded(attempt, { address, ...ids, replayed });
      if (replayed) return;
      metrics.attemptEnded(attempt);
      if (admission.recorded) metrics.auditRecorded(2);
      events.publish(attemptEvent(attempt, trace?.traceId));
    },
    withdrawal({ caller: { address, requestId, trace }, outcome, code, attemptId }) {
      metrics.withdrawalEnded({ outcome, code });
      if (outcome === 'withdrawn') metrics.auditRecorded(1);
      log.withdrawalEnded({ requestId, ...(trace && { traceId: trace.traceId }), address, outcome, code, attemptId });
    },
    delivery(ended) {
      const { delivery, tried, state } = ended;
      const result = tried.result === 'delivered' ? 'delivered' : (tried.failure ?? tried.result);
      metrics.deliveryTried({ endpointId: delivery.endpoint_id, result });
      log.deliveryTried({
        deliveryId: delivery.id,
        eventId: delivery.event_id,
        endpointId: delivery.endpoint_id,
        try: delivery.tries + 1,
        result,
        status: tried.status ?? null,
        durationMs: tried.durationMs,
        state,
        traceId: parseTraceparent(delivery.traceparent)?.traceId ?? null,
      });
      noteRefusal(ended);
      events.publish(deliveryEvent(ended, clock.now()));
    },
    turned({ code, address }) {
      metrics.turnedAway(code);
      // Whoever opens too many connections opens very many; the counter tells how many.
      if (code !== 'too_many_connections' || isTime()) log.turnedAway({ code, address });
    },
    problem: (error) => log.trouble('Something went wrong in the background.', error),
  };
}
