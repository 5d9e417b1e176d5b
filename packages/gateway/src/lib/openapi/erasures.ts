import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { line, reason } from './line.ts';
import { operation } from './operation.ts';

/** Who is meant; one of the two. */
export const subjectFields = {
  guestId: line(256).optional().describe('Every attempt that let this guest in.'),
  attemptId: attemptId.optional(),
};

/** The rule that one of them is given, and why not when it is broken. */
export const oneSubject = [
  ({ guestId, attemptId: attempt }: { readonly guestId?: unknown; readonly attemptId?: unknown }) =>
    (guestId === undefined) !== (attempt === undefined),
  'must have either guestId or attemptId',
] as const;

export const erasureSchema = z.discriminatedUnion(
  'dryRun',
  [
    z.strictObject({ dryRun: z.literal(true), ...subjectFields, reason: reason.optional() }).refine(...oneSubject),
    z.strictObject({ dryRun: z.literal(false), ...subjectFields, reason }).refine(...oneSubject),
  ],
  { error: 'must be true or false' },
);

export const erasureResultSchema = z.object({
  dryRun: z.boolean(),
  attemptIds: z.array(attemptId).describe('The attempts whose guest is erased, or would be.'),
  deliveries: z.int().describe('Webhook deliveries whose bodies are erased with it, or would be.'),
});

export const eraseGuest = operation({
  id: 'eraseGuest',
  method: 'post',
  path: '/v1/erasures',
  tag: 'Erasures',
  role: 'admin',
  summary: 'Erase a guest, or see what that would do',
  description:
    "Destroys the guest's key, so that what the audit log holds sealed stays unreadable for ever while the chain stays whole; " +
    'deletes the guest id, the guest pass, the id the platform gave the attempt and the bodies of webhooks, and tells the ' +
    'endpoints. It cannot be undone.',
  body: erasureSchema,
  answers: { 200: { description: 'What was erased, or would be.', schema: erasureResultSchema } },
  problems: ['subject_not_found', 'subject_on_hold'],
});
