import type { Fault } from 'guestpass';
import type { Paint } from './output.ts';
import { printable } from './text.ts';

/** What went wrong, in the three lines a reader needs: what, why, and what to do next. */
export interface Complaint {
  readonly verdict: string;
  readonly what: string;
  readonly faults: readonly Fault[];
  readonly why: string;
  readonly hints: readonly (readonly [label: string, text: string])[];
  readonly next: string;
  /** Code and ids to quote. */
  readonly ids: readonly string[];
}

/** The complaint as text; its first line names what happened, its last the code. */
export function complaint({ verdict, what, faults, why, hints, next, ids }: Complaint, paint: Paint): string {
  const rows = [['Why', why], ...hints, ['Next', next]] as const;
  const width = Math.max(...rows.map(([label]) => label.length)) + 1;
  return [
    `${paint.red('✗')} ${paint.bold(`${verdict}:`)} ${printable(what)}`,
    ...faults.map(({ pointer, detail }) => `    ${printable(pointer) || '(all of it)'}  ${printable(detail)}`),
    ...rows.map(([label, text]) => `  ${`${label}:`.padEnd(width)} ${printable(text)}`),
    `  ${paint.dim(ids.join(' · '))}`,
    '',
  ].join('\n');
}
