import type { SignIn } from '../contract/sign-in.ts';
import { GuestpassError } from '../errors.ts';

/** The reason to refuse, or `undefined` when a sign-in is there exactly where guests sign in. */
export function refuseSignIn(signIn: SignIn | undefined, signsIn: boolean): GuestpassError | undefined {
  if ((signIn !== undefined) === signsIn) return undefined;
  const detail = signsIn
    ? 'is required by the issuer `authenticated-web-messaging`'
    : 'is taken by the issuer `authenticated-web-messaging` alone';
  const faults = [{ pointer: '/signIn', detail }];
  return new GuestpassError('payload_invalid', `The payload is not valid: /signIn ${detail}.`, { faults });
}
