import { type Attempt, type Outcome, type StageName, stageNames } from './views.ts';

/** What is kept of an attempt for the overview. */
export interface Sample {
  readonly id: string;
  readonly atMs: number;
  readonly outcome: Outcome;
  readonly code: string | null;
  readonly stage: StageName | null;
  readonly durationMs: number | null;
  readonly stages: Attempt['stages'];
}

export function sampleOf({ id, startedAt, settledAt, outcome, code, stage, durationMs, stages }: Attempt): Sample {
  return { id, atMs: Date.parse(settledAt ?? startedAt), outcome, code, stage, durationMs, stages };
}

/** More are dropped, oldest first: enough for a minute at 300 guests a second. */
export const mostSamples = 20_000;

/** Adds what is new, in order of time; what is known by its id is not counted twice. */
export function addSamples(known: readonly Sample[], added: readonly Sample[]): readonly Sample[] {
  if (added.length === 0) return known;
  const ids = new Set(added.map(({ id }) => id));
  const all = [...known.filter(({ id }) => !ids.has(id)), ...added].toSorted((a, b) => a.atMs - b.atMs);
  return all.slice(-mostSamples);
}

/** Counts of outcomes. */
export interface Totals {
  readonly admitted: number;
  readonly refused: number;
  readonly failed: number;
  readonly unknown: number;
  readonly all: number;
}

export function totalsOf(samples: readonly Sample[]): Totals {
  const count = (outcome: Outcome) => samples.filter((sample) => sample.outcome === outcome).length;
  const [admitted, refused, failed, unknown] = [count('admitted'), count('refused'), count('failed'), count('unknown')];
  return { admitted, refused, failed, unknown, all: admitted + refused + failed + unknown };
}

/** Guests that policy let through: whether they came in is the platform's matter and ours. */
export function triedOf({ admitted, failed, unknown }: Totals): number {
  return admitted + failed + unknown;
}

/** The value that `share` of the values are at most; `null` of none. Nearest rank. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** One stage over all samples. */
export interface StageSummary {
  readonly stage: StageName;
  /** Attempts that went through it. */
  readonly count: number;
  /** Attempts that failed or whose outcome was lost here. */
  readonly failed: number;
  /** Attempts that policy ended here. */
  readonly refused: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

export function summarizeStages(samples: readonly Sample[]): readonly StageSummary[] {
  return stageNames.map((stage) => {
    const spans = samples.flatMap(({ stages }) => stages?.[stage] ?? []);
    const ended = samples.filter((sample) => sample.stage === stage);
    const refused = ended.filter(({ outcome }) => outcome === 'refused').length;
    return {
      stage,
      count: spans.length,
      failed: ended.length - refused,
      refused,
      p50: percentile(spans, 0.5),
      p95: percentile(spans, 0.95),
    };
  });
}

/** One code over all samples. */
export interface CodeSummary {
  readonly code: string;
  readonly outcome: Outcome;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Most frequent first. */
export function summarizeCodes(samples: readonly Sample[]): readonly CodeSummary[] {
  const byCode = Map.groupBy(
    samples.filter(({ code }) => code !== null),
    ({ code }) => code ?? '',
  );
  const summaries = [...byCode].map(([code, of]) => ({
    code,
    outcome: of[0]?.outcome ?? 'failed',
    count: of.length,
    firstMs: of[0]?.atMs ?? 0,
    lastMs: of.at(-1)?.atMs ?? 0,
  }));
  return summaries.toSorted((a, b) => b.count - a.count || a.code.localeCompare(b.code));
}

/** Attempts in one span of time. */
export interface Bucket {
  readonly fromMs: number;
  readonly perSecond: number;
  readonly failedPerSecond: number;
  readonly p95: number | null;
}

/** Cuts `[fromMs, toMs)` into equal spans. */
export function bucketsOf(
  samples: readonly Sample[],
  { fromMs, toMs, count }: { readonly fromMs: number; readonly toMs: number; readonly count: number },
): readonly Bucket[] {
  const spanMs = (toMs - fromMs) / count;
  const inBucket = Map.groupBy(samples, ({ atMs }) => Math.floor((atMs - fromMs) / spanMs));
  return Array.from({ length: count }, (_, index) => {
    const of = inBucket.get(index) ?? [];
    const failed = of.filter(({ outcome }) => outcome === 'failed' || outcome === 'unknown').length;
    return {
      fromMs: fromMs + index * spanMs,
      perSecond: (of.length * 1_000) / spanMs,
      failedPerSecond: (failed * 1_000) / spanMs,
      p95: percentile(
        of.flatMap(({ durationMs }) => durationMs ?? []),
        0.95,
      ),
    };
  });
}
