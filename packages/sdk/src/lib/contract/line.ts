import * as z from 'zod/mini';

/**
 * A string that fits on one line: not blank, at most `max` UTF-16 code units, well-formed, and without control
 * characters or line breaks, so that it can forge no line of a log. One check instead of one for each rule, because a
 * guest has many lines.
 */
export function line(max: number) {
  return z
    .string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a string') })
    .check(({ value, issues }) => {
      const problem = lineProblem(value, max);
      if (problem) issues.push({ code: 'custom', message: problem, input: value });
    })
    .register(z.globalRegistry, { minLength: 1, maxLength: max });
}

/** What all but a few lines are made of; the rest is looked at more closely. */
const ordinary = /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/;

/** True only for a string that {@link line} accepts; others it accepts too are more than ordinary. */
export function isOrdinaryLine(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length <= max && ordinary.test(value);
}

function lineProblem(text: string, max: number): string | undefined {
  if (text.length > max) return `must have at most ${max} characters`;
  if (ordinary.test(text)) return undefined;
  if (text.trim() === '') return text === '' ? 'must not be empty' : 'must not be blank';
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) ? 'must not contain control characters or line breaks' : undefined;
}
