import * as z from 'zod';

/**
 * A string that fits on one line: not blank, at most `max` UTF-16 code units, well-formed, and without control
 * characters or line breaks, so that it can be kept by the database and forges no line of a log.
 */
export function line(max: number) {
  return z
    .string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a string') })
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine((text) => /\S/.test(text), 'must not be blank')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
    .refine((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), 'must not contain control characters or line breaks');
}

/** Why an operator does something. */
export const reason = line(500).describe('Why. Goes into the audit log for good, so it names no person.');

/** An instant as answers tell it. */
export const instant = z.iso.datetime();

/** An instant as callers may tell it. */
export const givenInstant = z.iso.datetime({
  offset: true,
  error: 'must be an ISO 8601 date and time with a zone, such as 2024-01-15T10:30:00Z',
});
