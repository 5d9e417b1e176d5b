import { InvalidArgumentError, Option } from 'commander';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds as text, of a number and its unit. */
export function readSpan(text: string): string {
  const [, digits, unit] = /^(\d{1,7})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined)
    throw new InvalidArgumentError('Give a number and its unit, such as 800ms, 5s, 2m, 2h or 3d.');
  // A cast, because the expression lets no other unit through.
  return String(Number(digits) * units[unit as keyof typeof units]);
}

/** A flag that takes a span, and is this one unless given. */
export function spanFlag(flags: string, description: string, fallback: string): Option {
  return new Option(flags, description).argParser(readSpan).default(readSpan(fallback), fallback);
}

/** A whole number above 0. */
export function readCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError('Give a whole number above 0.');
}

/** Texts of a flag that may be given again, in their order. */
export function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Words separated by commas. */
export function readList(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

export function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('Give a number from 0 to 65535.');
}

/** The origin of an http or https URL, which has nothing else. */
export function readOrigin(text: string): string {
  const { protocol = '', origin = '', href } = URL.parse(text) ?? {};
  if (/^https?:$/.test(protocol) && href === `${origin}/`) return origin;
  throw new InvalidArgumentError('Give an http or https URL without path, such as http://127.0.0.1:4001.');
}

/** An http or https URL, as it stands. */
export function readUrl(text: string): string {
  const { protocol = '' } = URL.parse(text) ?? {};
  if (/^https?:$/.test(protocol)) return text;
  throw new InvalidArgumentError('Give an http or https URL.');
}
