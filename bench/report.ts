import { cpus } from 'node:os';

/** The middle one of an odd number of values, the upper one of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** What the figures were taken on. */
export function machine(): string {
  const { model } = cpus()[0] ?? { model: 'unknown processor' };
  return `${model}, ${cpus().length} cores, Node ${process.version}`;
}
