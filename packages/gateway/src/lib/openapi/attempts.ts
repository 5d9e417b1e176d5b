import { type ErrorCode, errorTable } from 'guestpass';
import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { consentRecordSchema } from './consent-record.ts';
import { instant, line } from './line.ts';
import { operation } from './operation.ts';
import { exportAnswers, exportQuery, pageOf, pageQuery } from './query.ts';

// A cast, because the keys of an object are not told by its type.
const errorCode = z.enum(Object.keys(errorTable) as ErrorCode[]);

const stage = z.enum(['payload', 'consent', 'channel', 'captcha', 'token', 'guest', 'audit', 'webhook']);

const outcome = z
  .enum(['intent', 'admitted', 'refused', 'failed', 'unknown'])
  .describe('`intent` is an attempt that has no outcome yet.');

const captchaSchema = z.object({
  provider: z.string(),
  verified: z.boolean().describe('Whether the provider was asked.'),
  score: z.number().nullable(),
  unavailable: z
    .literal(true)
    .optional()
    .describe('The provider was out of service, and the channel let the guest in all the same.'),
});

/** One guest that asked to be let in, as operators see it: everything but the guest pass. */
export const attemptSchema = z.object({
  id: attemptId,
  outcome,
  channelId: z.string().nullable(),
  guestId: z.string().nullable().describe('Null when nobody was let in, or when the guest was erased.'),
  consentTimestamp: z.string().nullable().describe('As the guest claimed it.'),
  consentWithdrawnAt: instant.nullable().describe('When it was put on record that the consent was withdrawn.'),
  captcha: captchaSchema.nullable(),
  startedAt: instant,
  settledAt: instant.nullable(),
  stage: stage.nullable().describe('Where it ended, unless the guest was let in.'),
  code: errorCode.nullable(),
  detail: z.string().nullable(),
  platformStatus: z.int().nullable(),
  retryAfterMs: z.number().nullable(),
  latencyMs: z.number().nullable().describe('Time the platform took, in milliseconds.'),
  durationMs: z.number().nullable(),
  stages: z.partialRecord(stage, z.number()).nullable().describe('Milliseconds spent in each stage.'),
  retries: z.int().nullable(),
  statusCodes: z.array(z.int()).nullable().describe('Every status the platform answered with, in order.'),
  correlationId: z.string().nullable().describe("The platform's own id of the request."),
  traceId: z.string().nullable().describe('The trace of the request that asked (W3C Trace Context).'),
});

export type AttemptView = z.infer<typeof attemptSchema>;

/** One attempt, and the consent of its guest. */
export const attemptDetailSchema = attemptSchema.extend({
  consent: consentRecordSchema
    .nullable()
    .describe('To what the guest consented, as it stands now; null without a receipt, and once the guest is erased.'),
});

export const attemptPageSchema = pageOf(attemptSchema);

const filters = {
  outcome: outcome.optional(),
  code: errorCode.optional(),
  channel: line(256).optional().describe('The channel id.'),
  guest: line(256).optional().describe('The guest id.'),
};

export const listAttempts = operation({
  id: 'listAttempts',
  method: 'get',
  path: '/v1/attempts',
  tag: 'Attempts',
  role: 'viewer',
  summary: 'List attempts, newest first',
  query: z.strictObject({ ...pageQuery, ...filters }),
  answers: { 200: { description: 'A page of attempts.', schema: attemptPageSchema } },
});

export const exportAttempts = operation({
  id: 'exportAttempts',
  method: 'get',
  path: '/v1/attempts/export',
  tag: 'Attempts',
  role: 'auditor',
  summary: 'Export attempts',
  description: 'That it was asked for is on record in the audit log.',
  query: z.strictObject({ ...exportQuery, ...filters }),
  answers: exportAnswers,
});

export const getAttempt = operation({
  id: 'getAttempt',
  method: 'get',
  path: '/v1/attempts/{id}',
  tag: 'Attempts',
  role: 'viewer',
  summary: 'Show one attempt',
  params: z.strictObject({ id: attemptId }),
  answers: { 200: { description: 'The attempt.', schema: attemptDetailSchema } },
  problems: ['not_found'],
});
