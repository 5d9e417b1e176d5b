import { errorTable } from 'guestpass';
import * as z from 'zod';
import { gatewayErrorTable, type ProblemCode } from '../http/problem-table.ts';

/** Every code an answer may carry. */
export const problemCodes: readonly ProblemCode[] = [
  // A cast, because the keys of an object are not told by its type.
  ...(Object.keys({ ...errorTable, ...gatewayErrorTable }) as ProblemCode[]),
];

/** The body of an error answer (RFC 9457). */
export const problemSchema = z.object({
  type: z.string().describe('Where the code is explained.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What happened, why, and what to do next.'),
  instance: z.string(),
  code: z.enum(problemCodes).describe('Stable. Switch on it, never on the words.'),
  requestId: z.string(),
  retryable: z.boolean().describe('Whether the same request may succeed later without anybody changing anything.'),
  retryAfterSeconds: z.int().optional(),
  errors: z
    .array(z.object({ pointer: z.string(), detail: z.string() }))
    .optional()
    .describe('Every fault of the input, each with a JSON pointer (RFC 6901) to it.'),
});
