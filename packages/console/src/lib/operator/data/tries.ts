import { percentile, type StageSummary } from './samples.ts';
import type { DeliveryNews } from './views.ts';

/** What is kept of a try to deliver a webhook. */
export interface Try {
  readonly atMs: number;
  readonly durationMs: number;
  readonly delivered: boolean;
}

const mostTries = 5_000;

export function tryOf({ lastTry }: DeliveryNews): Try {
  const { startedAt, durationMs, outcome } = lastTry;
  return { atMs: Date.parse(startedAt) + durationMs, durationMs, delivered: outcome === 'delivered' };
}

/** The oldest are dropped when there are too many. */
export function addTries(known: readonly Try[], added: readonly Try[]): readonly Try[] {
  return added.length === 0 ? known : [...known, ...added].slice(-mostTries);
}

/** Webhooks are no part of an attempt's own time; their tries are told where their stage stands. */
export function summarizeTries(tries: readonly Try[]): StageSummary {
  const spans = tries.map(({ durationMs }) => durationMs);
  return {
    stage: 'webhook',
    count: tries.length,
    failed: tries.filter(({ delivered }) => !delivered).length,
    refused: 0,
    p50: percentile(spans, 0.5),
    p95: percentile(spans, 0.95),
  };
}
