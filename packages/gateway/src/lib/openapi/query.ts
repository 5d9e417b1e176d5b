import * as z from 'zod';
import { givenInstant } from './line.ts';

/** A whole number as a query holds it. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int('must be a whole number').min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));
}

/** Which page of a list is asked for. */
export const pageQuery = {
  limit: wholeNumber(1, 200).optional().describe('Items at most. Default 50.'),
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().describe('`nextCursor` of the page before.'),
};

export const defaultLimit = 50;

/** A page of a list, newest first. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Give it as `after` for the next page; null on the last one.'),
  });
}

/** What an export of a list is asked for, beside the filters of that list. */
export const exportQuery = {
  format: z.enum(['jsonl', 'csv']).optional().describe('JSON lines, which is the default, or a table.'),
  since: givenInstant.optional().describe('Only what began at this instant or later.'),
  until: givenInstant.optional().describe('Only what began before this instant. Default now.'),
};

/** What an export of a list answers. */
export const exportAnswers = {
  200: {
    description: 'The rows, newest first. A transfer that breaks off is cut, so that it cannot pass for a whole one.',
    mediaType: ['application/x-ndjson', 'text/csv'],
    schema: z.string(),
  },
} as const;
