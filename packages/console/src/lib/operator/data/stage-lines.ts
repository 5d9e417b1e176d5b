import { percentile, type Sample } from './samples.ts';
import { type StageName, stageNames } from './views.ts';

/** The p95 of a stage in each of some equal spans of time; `null` where nobody went through it. */
export type StageLine = readonly (number | null)[];

/** Cuts `[fromMs, toMs)` into `count` spans, for every stage. */
export function stageLines(
  samples: readonly Sample[],
  { fromMs, toMs, count }: { readonly fromMs: number; readonly toMs: number; readonly count: number },
): ReadonlyMap<StageName, StageLine> {
  const spanMs = (toMs - fromMs) / count;
  const inSpan = Map.groupBy(samples, ({ atMs }) => Math.floor((atMs - fromMs) / spanMs));
  const lineOf = (stage: StageName) =>
    Array.from({ length: count }, (_, index) => {
      const spans = (inSpan.get(index) ?? []).flatMap(({ stages }) => stages?.[stage] ?? []);
      return percentile(spans, 0.95);
    });
  return new Map(stageNames.map((stage) => [stage, lineOf(stage)]));
}

/** A line as the points of an SVG polyline in a box of `width` and `height`; gaps are drawn over. */
export function pointsOf(
  line: StageLine,
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const most = Math.max(...line.map((value) => value ?? 0), Number.MIN_VALUE);
  const step = width / Math.max(1, line.length - 1);
  return line
    .flatMap((value, index) =>
      value === null ? [] : [`${round(index * step)},${round(height - (value / most) * height)}`],
    )
    .join(' ');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
