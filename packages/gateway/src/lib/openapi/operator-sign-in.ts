import * as z from 'zod';
import { operation } from './operation.ts';

const place = { tag: 'Operator sessions', role: 'anybody' } as const;

export const signInWaySchema = z.object({
  provider: z.string().nullable().describe('The host of the OpenID provider; null when a token is the only way in.'),
});

export const getSignIn = operation({
  ...place,
  id: 'getOperatorSignIn',
  method: 'get',
  path: '/v1/operator-sign-in',
  summary: 'Tell whether operators may sign in at an OpenID provider',
  answers: { 200: { description: 'The provider, or none.', schema: signInWaySchema } },
});

const location = { Location: 'Where the browser goes on.' };

export const beginSignIn = operation({
  ...place,
  id: 'beginOperatorSignIn',
  method: 'get',
  path: '/v1/operator-sign-in/start',
  summary: 'Send a browser to the OpenID provider',
  description: 'For browsers alone: the authorization code with PKCE, `state` and `nonce`.',
  answers: {
    302: {
      description: 'To the provider; to the console when the provider does not answer.',
      headers: { ...location, 'Set-Cookie': '`guestpass_sign_in`, sealed, for ten minutes.' },
    },
  },
  problems: ['not_found'],
});

export const finishSignIn = operation({
  ...place,
  id: 'finishOperatorSignIn',
  method: 'get',
  path: '/v1/operator-sign-in/callback',
  summary: 'Take a browser back from the OpenID provider',
  description: 'Opens a session for whoever has a name and a role there. No token of the provider is kept.',
  query: z
    .looseObject({ code: z.string(), state: z.string(), iss: z.string(), error: z.string() })
    .partial()
    .describe('What the provider adds (RFC 6749, RFC 9207).'),
  answers: {
    302: {
      description: 'To the console, which says so when nobody was signed in.',
      headers: { ...location, 'Set-Cookie': '`guestpass_operator`, which no script can read.' },
    },
  },
  problems: ['not_found'],
});
