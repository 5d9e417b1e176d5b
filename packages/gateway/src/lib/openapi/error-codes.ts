import * as z from 'zod';
import { entryOf } from '../http/problem-table.ts';
import { operation } from './operation.ts';
import { problemCodes } from './problem.ts';

export const errorCodeSchema = z.object({
  code: z.string(),
  httpStatus: z.int().nullable().describe('Null when it is never answered over HTTP.'),
  retryable: z.boolean(),
  meaning: z.string(),
  cause: z.string(),
  remedy: z.string().describe('What an operator or developer does next.'),
  visitor: z.string().describe('What to tell the visitor.'),
});

export const errorCodeListSchema = z.object({ data: z.array(errorCodeSchema), nextCursor: z.null() });

export const listErrorCodes = operation({
  id: 'listErrorCodes',
  method: 'get',
  path: '/v1/errors',
  tag: 'Operations',
  role: 'viewer',
  summary: 'List every error code with what it means and what to do',
  answers: { 200: { description: 'All codes.', schema: errorCodeListSchema } },
});

/** What is known of every code, in the order of the tables. */
export function errorCodes(): z.infer<typeof errorCodeListSchema> {
  const data = problemCodes.map((code) => {
    const { httpStatus, retryable, meaning, cause, remedy, visitor } = entryOf(code);
    return { code, httpStatus, retryable, meaning, cause, remedy, visitor };
  });
  return { data, nextCursor: null };
}
