import { createHistogram } from 'node:perf_hooks';
import type { Outcome } from 'guestpass';

/** How one guest fared. */
export interface Fared {
  readonly outcome: Outcome;
  /** The code of the error, when there was one. */
  readonly code: string | null;
}

/** Milliseconds, two decimals. */
export interface Latencies {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly 'p99.9': number;
  readonly max: number;
}

/** What was measured. */
export interface Measured {
  readonly started: number;
  readonly ended: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly codes: Readonly<Record<string, number>>;
  /** Share of the guests who were not let in, in percent, two decimals; 0 of none. */
  readonly errorPercent: number;
  /** From when a guest was due to when it was answered: who had to wait for the start waited too. */
  readonly latencyMs: Latencies;
  /** How late guests were started. Large values say that this machine is the limit. */
  readonly lateMs: Latencies;
}

/** Counts and times guests, in a size that does not grow with them. */
export interface Measurements {
  started(lateMs: number): void;
  ended(fared: Fared, latencyMs: number): void;
  read(): Measured;
}

const longestMicroseconds = 3_600_000_000;

export function createMeasurements(): Measurements {
  const latency = createHistogram({ highest: longestMicroseconds });
  const late = createHistogram({ highest: longestMicroseconds });
  const outcomes: Record<Outcome, number> = { admitted: 0, refused: 0, failed: 0, unknown: 0 };
  const codes = new Map<string, number>();
  return {
    started: (lateMs) => late.record(microseconds(lateMs)),
    ended({ outcome, code }, latencyMs) {
      outcomes[outcome] += 1;
      if (code !== null) codes.set(code, (codes.get(code) ?? 0) + 1);
      latency.record(microseconds(latencyMs));
    },
    read() {
      const ended = latency.count;
      const errors = ended - outcomes.admitted;
      return {
        started: late.count,
        ended,
        outcomes: { ...outcomes },
        codes: Object.fromEntries([...codes].toSorted(([, a], [, b]) => b - a)),
        errorPercent: ended === 0 ? 0 : round((errors / ended) * 100),
        latencyMs: latenciesOf(latency),
        lateMs: latenciesOf(late),
      };
    },
  };
}

/** A histogram holds whole numbers above 0. */
function microseconds(spanMs: number): number {
  return Math.min(Math.max(1, Math.round(spanMs * 1_000)), longestMicroseconds);
}

function latenciesOf(histogram: ReturnType<typeof createHistogram>): Latencies {
  const ms = (value: number) => (histogram.count === 0 ? 0 : round(value / 1_000));
  return {
    min: ms(histogram.min),
    mean: ms(histogram.mean),
    p50: ms(histogram.percentile(50)),
    p90: ms(histogram.percentile(90)),
    p95: ms(histogram.percentile(95)),
    p99: ms(histogram.percentile(99)),
    'p99.9': ms(histogram.percentile(99.9)),
    max: ms(histogram.max),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
