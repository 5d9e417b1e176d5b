import type { SignedIn } from '../contract/guest-pass.ts';
import { type GuestpassError, isGuestpassError } from '../errors.ts';
import { refusedNow } from '../http/breaker.ts';
import type { SignInClient } from '../sign-in/sign-in-client.ts';
import type { Call, Issue, Issuer } from './issuer.ts';
import { makeGuest, type Newcomer, type WebMessagingOptions } from './web-messaging-guest.ts';

export interface AuthenticatedWebMessagingOptions extends WebMessagingOptions {
  /** Exchanges and refreshes. */
  readonly signIns: SignInClient;
}

/**
 * The published way of a guest who signed in at the site's own OpenID provider: the platform exchanges what the provider
 * gave for a JWT, and a session is configured with it. A JWT that is refused there is refreshed once. An account has one
 * session at a deployment, which goes on; its guests are told apart by our own ids all the same.
 */
export function authenticatedWebMessagingIssuer(options: AuthenticatedWebMessagingOptions): Issuer {
  const { signIns, guard, clock } = options;
  return {
    signsIn: true,
    async prepare({ channelId, signIn }, call) {
      if (!signIn) throw letThrough('payload without a sign-in');
      // A code is good once: it is not spent while no socket would be opened for it.
      const early = guard && refusedNow({ breaker: guard.breaker, clock });
      if (early) throw early;
      return signIns.exchange(channelId, signIn, call);
    },
    async issue({ channelId }, call, { signedIn }) {
      if (!signedIn) throw letThrough('guest whose sign-in was not exchanged');
      const first = await makeSignedIn(options, { channelId, signedIn }, call);
      if (first.outcome === 'admitted' || first.error.code !== 'sign_in_rejected') return first;
      const renewed = await renew(signIns, { channelId, signedIn }, call);
      if (!renewed) return first;
      if ('error' in renewed) return { ...first, ...renewed };
      return makeSignedIn(options, { channelId, signedIn: renewed, before: first.tries }, call);
    },
  };
}

/** Policy refuses such a payload, and nobody asks for a guest before all is ready. */
function letThrough(what: string): Error {
  return new TypeError(`A ${what} was let through.`);
}

interface SignedInNewcomer extends Omit<Newcomer, 'jwt'> {
  readonly signedIn: SignedIn;
}

async function makeSignedIn(
  options: WebMessagingOptions,
  { signedIn, ...newcomer }: SignedInNewcomer,
  call: Call,
): Promise<Issue> {
  const issue = await makeGuest(options, { ...newcomer, jwt: signedIn.jwt }, call);
  return issue.outcome === 'admitted' ? { ...issue, guestPass: { ...issue.guestPass, signedIn } } : issue;
}

/** The sign-in with a fresh JWT, why there is none, or nothing when none can be asked for. */
async function renew(
  signIns: SignInClient,
  { channelId, signedIn: { refreshToken } }: SignedInNewcomer,
  call: Call,
): Promise<SignedIn | { readonly error: GuestpassError } | undefined> {
  if (refreshToken === null) return undefined;
  try {
    return (await signIns.refresh(channelId, refreshToken, call)).signedIn;
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return { error };
  }
}
