import { faultsOf } from '../contract/faults.ts';
import { type SignIn, signInSchema } from '../contract/sign-in.ts';
import { GuestpassError, isGuestpassError, listFaults } from '../errors.ts';
import type { SignInClient } from '../sign-in/sign-in-client.ts';
import type { Renewal } from './renewal.ts';
import type { Session } from './session.ts';
import { errorOf } from './session-errors.ts';
import type { SessionParts } from './session-parts.ts';

/** Signing in and out. */
export type Signing = Pick<Session, 'signIn' | 'signOut'>;

const timeoutMs = 30_000;
/** As often a JWT that is refused is replaced; the official mobile SDK keeps the same. */
const mostRevocations = 3;

export function createSigning(parts: SessionParts): Signing {
  const { channel, link, promises, clock, closing, deploymentId, renewal, signInClient } = parts;
  let isUnderWay = false;
  const wait = (signal: AbortSignal | undefined) => ({
    signal: signal ? AbortSignal.any([signal, closing.signal]) : closing.signal,
    deadlineAt: clock.monotonic() + timeoutMs,
  });

  return {
    async signIn(signIn, { signal } = {}) {
      const { state } = channel;
      if (state === 'expired' || state === 'signed-out' || state === 'closed') throw errorOf(state);
      if (renewal.newest || isUnderWay) throw signedInAlready();
      const checked = check(signIn);
      isUnderWay = true;
      try {
        const { signedIn } = await signInClient.exchange(deploymentId, checked, wait(signal));
        renewal.begin(signedIn);
        const steppedUp = promises.steppedUp(signal);
        link.input({ type: 'sign-in', jwt: signedIn.jwt });
        await steppedUp;
      } finally {
        isUnderWay = false;
      }
    },
    async signOut({ signal } = {}) {
      await revoke(signInClient, renewal, () => wait(signal));
      renewal.forget();
      link.input({ type: 'sign-out' });
    },
  };
}

function check(signIn: SignIn): SignIn {
  const checked = signInSchema.safeParse(signIn);
  if (checked.success) return checked.data;
  const faults = faultsOf(checked.error);
  throw new GuestpassError('payload_invalid', `The sign-in cannot be used: ${listFaults(faults)}.`, { faults });
}

/** A JWT that is not good any more is refreshed, and the next one revoked; with it, all of them are. */
async function revoke(
  client: Pick<SignInClient, 'revoke'>,
  renewal: Renewal,
  wait: () => { readonly signal: AbortSignal; readonly deadlineAt: number },
): Promise<void> {
  for (let revocations = 1; ; revocations += 1) {
    if (!renewal.newest) throw notSignedIn();
    const { jwt } = renewal.newest;
    try {
      await client.revoke(jwt, wait());
      return;
    } catch (error) {
      const spent = isGuestpassError(error) && error.code === 'sign_in_rejected';
      if (!spent || revocations >= mostRevocations) throw error;
      await renewal.renew(jwt);
    }
  }
}

function signedInAlready(): GuestpassError {
  const remedy = 'Sign out, and connect with another guest pass.';
  return new GuestpassError('request_rejected', 'A guest has signed in to this session.', { remedy });
}

function notSignedIn(): GuestpassError {
  return new GuestpassError('session_signed_out', 'Nobody is signed in to this session.');
}
