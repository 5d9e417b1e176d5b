import * as z from 'zod';
import { operatorRoles } from '../settings/operator-roles.ts';
import { operation } from './operation.ts';

const tag = 'Operator sessions';
const path = '/v1/operator-sessions';

export const openSession = operation({
  id: 'openOperatorSession',
  method: 'post',
  path,
  tag,
  role: 'viewer',
  summary: 'Sign a browser in',
  description:
    'Trades the token of an operator for a cookie that lasts twelve hours, or as long as is configured. Requests with it must come from pages of this listener.',
  tokenOnly: true,
  answers: {
    204: {
      description: 'Signed in.',
      headers: { 'Set-Cookie': '`guestpass_operator`, which no script can read.' },
    },
  },
});

export const endSession = operation({
  id: 'endOperatorSession',
  method: 'delete',
  path,
  tag,
  role: 'viewer',
  summary: 'Sign a browser out',
  description:
    'Takes the cookie back, and at this gateway ends the session. Replacing the token of an operator ends all of that one.',
  answers: {
    204: {
      description: 'Signed out.',
      headers: { 'Set-Cookie': '`guestpass_operator`, emptied.' },
    },
  },
});

export const operatorSchema = z.object({
  name: z.string().describe('As it goes on record with everything this operator asks for.'),
  role: z.enum(operatorRoles),
  may: z.array(z.string()).describe('The ids of the operations that the role allows.'),
});

/** Who asks. */
export type OperatorView = z.infer<typeof operatorSchema>;

export const getOperator = operation({
  id: 'getOperator',
  method: 'get',
  path: '/v1/operator',
  tag,
  role: 'viewer',
  summary: 'Tell who is asking, and what that operator may',
  answers: { 200: { description: 'The operator whose token or session it is.', schema: operatorSchema } },
});
