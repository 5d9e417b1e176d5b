import type { LineResult } from './line-result.ts';

/** Counts what lines came to. */
export interface Tally {
  count(result: Pick<LineResult, 'outcome' | 'exit'>): void;
  /** Counts a line that was done before. */
  skip(): void;
  /** The counts in words. */
  text(): string;
  readonly exits: ReadonlySet<number>;
}

export function createTally(before: Iterable<number>): Tally {
  const counts = { admitted: 0, refused: 0, failed: 0, unknown: 0 };
  const exits = new Set(before);
  let skipped = 0;
  return {
    count({ outcome, exit }) {
      counts[outcome] += 1;
      exits.add(exit);
    },
    skip() {
      skipped += 1;
    },
    text() {
      const told = Object.entries(counts).filter(([name, count]) => name === 'admitted' || count > 0);
      const parts = told.map(([name, count]) => `${count} ${name}`);
      return [...parts, ...(skipped > 0 ? [`${skipped} done before`] : [])].join(', ');
    },
    exits,
  };
}
