import { createHistogram } from 'node:perf_hooks';
import type { Attempt, Outcome } from './attempt.ts';

/** What became of the attempts so far. */
export interface Statistics {
  readonly admitted: number;
  readonly refused: number;
  readonly failed: number;
  readonly unknown: number;
  /** admitted / (admitted + failed + unknown) × 100, two decimals; 0 when there were none. */
  readonly successRate: number;
  /** How long the platform took to answer for a guest, in milliseconds; zeros when it was never asked. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
    readonly mean: number;
  };
}

/** Counts attempts as they end. */
export interface StatisticsRecorder {
  /** Counts the attempt and returns the success rate with it. */
  count(attempt: Attempt): number;
  read(): Statistics;
}

/** Counts outcomes, and latencies in a histogram whose size does not grow with the number of guests. */
export function createStatistics(): StatisticsRecorder {
  const counts: Record<Outcome, number> = { admitted: 0, refused: 0, failed: 0, unknown: 0 };
  const microseconds = createHistogram();

  const successRate = () => {
    const asked = counts.admitted + counts.failed + counts.unknown;
    return asked === 0 ? 0 : Math.round((counts.admitted / asked) * 10_000) / 100;
  };

  return {
    count(attempt) {
      counts[attempt.outcome] += 1;
      if (attempt.statusCodes.length > 0) microseconds.record(Math.max(1, Math.round(attempt.latencyMs * 1000)));
      return successRate();
    },
    read() {
      const ms = (value: number) => Math.round(value / 10) / 100;
      const { count } = microseconds;
      const at = (percentile: number) => (count === 0 ? 0 : ms(microseconds.percentile(percentile)));
      return {
        ...counts,
        successRate: successRate(),
        latencyMs: {
          p50: at(50),
          p95: at(95),
          p99: at(99),
          max: count === 0 ? 0 : ms(microseconds.max),
          mean: count === 0 ? 0 : ms(microseconds.mean),
        },
      };
    },
  };
}
