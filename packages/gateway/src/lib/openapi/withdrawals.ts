import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { oneSubject, subjectFields } from './erasures.ts';
import { reason } from './line.ts';
import { operation } from './operation.ts';

/** Whose consent was taken back, and how that was learned. */
export const withdrawalSchema = z.strictObject({ ...subjectFields, reason }).refine(...oneSubject);

export const withdrawnSchema = z.object({
  attemptIds: z.array(attemptId).describe('The attempts whose consent is withdrawn by this request.'),
});

export const withdrawConsent = operation({
  id: 'withdrawConsent',
  method: 'post',
  path: '/v1/withdrawals',
  tag: 'Consents',
  role: 'admin',
  summary: 'Put on record that a guest took the consent back',
  description:
    'Tells the endpoints with `consent.withdrawn`. It erases nothing: what is to be forgotten is asked for at `/v1/erasures`. ' +
    'Consents that were withdrawn before are left as they are.',
  body: withdrawalSchema,
  answers: { 200: { description: 'Whose consent was withdrawn.', schema: withdrawnSchema } },
  problems: ['subject_not_found'],
});
