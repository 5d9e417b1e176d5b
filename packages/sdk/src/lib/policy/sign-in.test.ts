import { expect, test } from 'vitest';
import { refuseSignIn } from './sign-in.ts';

const signIn = { idToken: 'token-to-hide' };

test('a sign-in has to be there where guests sign in, and nowhere else', () => {
  expect(refuseSignIn(signIn, true)).toBeUndefined();
  expect(refuseSignIn(undefined, false)).toBeUndefined();
  expect(refuseSignIn(undefined, true)).toMatchObject({
    code: 'payload_invalid',
    faults: [{ pointer: '/signIn', detail: expect.stringContaining('is required') }],
  });
  const misplaced = refuseSignIn(signIn, false);
  expect(misplaced).toMatchObject({ code: 'payload_invalid', faults: [{ pointer: '/signIn' }] });
  expect(JSON.stringify(misplaced)).not.toContain('to-hide');
});
