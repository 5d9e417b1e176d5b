import { type OutputFlags, type Paint, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import type { CheckedFinding } from './run-checks.ts';

/** Tells every finding on standard output, one line a check, and what to do below those that need it. */
export function tellFindings(
  findings: readonly CheckedFinding[],
  surroundings: Pick<Surroundings, 'terminal' | 'env'>,
  flags: OutputFlags,
): void {
  const { terminal } = surroundings;
  const count = (status: CheckedFinding['status']) => findings.filter((one) => one.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (flags.json) {
    const checks = findings.map(({ details, ...rest }) => ({
      ...rest,
      ...(details && { details: toRecord(details) }),
    }));
    terminal.out(jsonDocument({ ok: problems === 0, problems, warnings, checks }));
    return;
  }
  const paint = paintFor('out', surroundings, flags);
  const shown = flags.quiet ? findings.filter(({ status }) => status === 'problem' || status === 'warning') : findings;
  const width = Math.max(0, ...shown.map(({ check }) => check.length));
  const lines = shown.map((finding) => lineOf(finding, width, paint));
  terminal.out(`${lines.join('')}${flags.quiet ? '' : `\n${summary(problems, warnings)}\n`}`);
}

function toRecord(details: NonNullable<CheckedFinding['details']>): Readonly<Record<string, string>> {
  return Object.fromEntries(details);
}

function lineOf({ status, check, message, fix, details }: CheckedFinding, width: number, paint: Paint): string {
  const marks = { ok: paint.green('✓'), warning: paint.yellow('!'), problem: paint.red('✗'), skipped: paint.dim('·') };
  const text = printable(message);
  const line = `${marks[status]} ${check.padEnd(width)}  ${status === 'skipped' ? paint.dim(text) : text}\n`;
  const more = details && details.length > 0 ? columns(details.map(indented)) : '';
  return `${line}${more}${fix === undefined ? '' : `    Fix: ${printable(fix)}\n`}`;
}

function indented([label, text]: readonly [string, string]): readonly [string, string] {
  return [`  ${printable(label)}`, printable(text)];
}

function summary(problems: number, warnings: number): string {
  if (problems + warnings === 0) return 'Nothing is wrong.';
  const counted = (count: number, one: string) => `${count} ${count === 1 ? one : `${one}s`}`;
  return `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`;
}
