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
    'Trades the operator token for a cookie that lasts twelve hours. Requests with it must come from pages of this listener.',
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
  description: 'Takes the cookie back, and at this gateway ends the session. Replacing the operator token ends all.',
  answers: {
    204: {
      description: 'Signed out.',
      headers: { 'Set-Cookie': '`guestpass_operator`, emptied.' },
    },
  },
});
