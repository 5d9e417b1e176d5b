import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import type { Judged } from './assertions.ts';
import type { Latencies, Measured } from './measurements.ts';

/** A run, its result and what was asserted of it. */
export interface LoadReport {
  readonly target: string;
  /** Guests a second that were asked for. */
  readonly perSecond: number;
  /** Guests a second that were started. */
  readonly startedPerSecond: number;
  readonly seconds: number;
  readonly planned: number;
  readonly faults: readonly string[];
  readonly measured: Measured;
  readonly assertions: readonly Judged[];
}

/** Tells the report on standard output. */
export function tellReport(report: LoadReport, surroundings: Surroundings, flags: OutputFlags): void {
  const { terminal } = surroundings;
  if (flags.json) {
    const { measured, ...rest } = report;
    terminal.out(jsonDocument({ ...rest, ...measured }));
    return;
  }
  const paint = paintFor('out', surroundings, flags);
  const judged = report.assertions.map(
    ({ assertion, actual, ok }) => `${ok ? paint.green('✓') : paint.red('✗')} ${printable(assertion)}   (${actual})\n`,
  );
  terminal.out(`${flags.quiet ? '' : `${summary(report)}\n`}${judged.join('')}`);
}

function summary({ target, planned, startedPerSecond, seconds, faults, measured }: LoadReport): string {
  const { started, outcomes, codes, errorPercent, latencyMs, lateMs } = measured;
  const counts = Object.entries(outcomes).filter(([name, count]) => name === 'admitted' || count > 0);
  const causes = Object.entries(codes).map(([code, count]) => `${count} ${printable(code)}`);
  return columns([
    ['target', printable(target)],
    ['guests', `${started} of ${planned} in ${seconds} s, ${startedPerSecond} a second`],
    ['outcomes', `${counts.map(([name, count]) => `${count} ${name}`).join(', ')}; errors ${errorPercent}%`],
    ...(causes.length > 0 ? [['codes', causes.join(', ')] as const] : []),
    ...(faults.length > 0 ? [['faults', faults.join(', ')] as const] : []),
    ['latency', spread(latencyMs)],
    ['started late', `p99 ${lateMs.p99} · max ${lateMs.max} ms`],
  ]);
}

function spread({ p50, p90, p95, p99, max }: Latencies): string {
  return `p50 ${p50} · p90 ${p90} · p95 ${p95} · p99 ${p99} · max ${max} ms`;
}
