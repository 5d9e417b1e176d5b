import { InvalidArgumentError } from 'commander';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds as text, of a span that may be days long. */
export function readLongSpan(text: string): string {
  const [, digits, unit = 's'] = /^(\d{1,6})(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('Give a span such as 30s, 30m, 2h or 3d.');
  // A cast, because the expression lets no other unit through.
  return String(Number(digits) * units[unit as keyof typeof units]);
}
