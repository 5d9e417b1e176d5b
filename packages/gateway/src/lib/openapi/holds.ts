import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { oneSubject, subjectFields } from './erasures.ts';
import { instant, line, reason } from './line.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './query.ts';

const matter = line(100).describe(
  'The case it is for, as you name it. Goes into the audit log, so it names no person.',
);

/** One guest, kept for one matter. */
export const holdSchema = z.object({ attemptId, matter, reason: z.string(), placedAt: instant });

export type HoldView = z.infer<typeof holdSchema>;

export const holdPageSchema = pageOf(holdSchema);

/** Whom a hold is for, in which matter, and why it is placed or lifted. */
export const holdChangeSchema = z.strictObject({ ...subjectFields, matter, reason }).refine(...oneSubject);

export const heldSchema = z.object({ attemptIds: z.array(attemptId).describe('The attempts it is about.') });

const tag = 'Legal holds';

export const listHolds = operation({
  id: 'listHolds',
  method: 'get',
  path: '/v1/holds',
  tag,
  role: 'auditor',
  summary: 'List holds, newest first',
  query: z.strictObject(pageQuery),
  answers: { 200: { description: 'A page of holds.', schema: holdPageSchema } },
});

export const placeHold = operation({
  id: 'placeHold',
  method: 'post',
  path: '/v1/holds',
  tag,
  role: 'auditor',
  summary: 'Keep what is known of a guest',
  description:
    'Neither an erasure nor retention touches the guest until every hold is lifted. Placing it again changes nothing.',
  body: holdChangeSchema,
  answers: { 200: { description: 'Who is held.', schema: heldSchema } },
  problems: ['subject_not_found'],
});

export const liftHold = operation({
  id: 'liftHold',
  method: 'post',
  path: '/v1/hold-releases',
  tag,
  role: 'admin',
  summary: 'Lift a hold',
  description: 'Holds for other matters stay. What is past its time goes when retention next runs.',
  body: holdChangeSchema,
  answers: { 200: { description: 'Who was held for this matter.', schema: heldSchema } },
  problems: ['subject_not_found'],
});
