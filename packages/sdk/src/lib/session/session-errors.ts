import { GuestpassError } from '../errors.ts';
import { isPassing, meaningOf } from '../messaging/platform-code.ts';

/** How a session may end. */
export type Ending = 'expired' | 'signed-out' | 'closed';

/** What everybody is told who wants something of a session that has ended. */
export function errorOf(ending: Ending): GuestpassError {
  if (ending === 'expired') return new GuestpassError('session_expired', 'The session has expired.');
  return ending === 'signed-out' ? signedOut() : sessionClosed();
}

/** Nobody speaks for the account any more; `cause` tells why, unless the guest wanted it so. */
export function signedOut(cause?: GuestpassError): GuestpassError {
  return new GuestpassError('session_signed_out', 'The guest is not signed in any more.', { ...(cause && { cause }) });
}

/** The session token became that of an account, and there is no sign-in here. */
export function signedInElsewhere(): GuestpassError {
  const detail = 'The session belongs to a guest who signed in, and this guest pass holds no sign-in.';
  const remedy = 'Connect with the guest pass of the sign-in, or admit the guest again.';
  return new GuestpassError('session_signed_out', detail, { remedy });
}

export function readOnly(): GuestpassError {
  return new GuestpassError('session_read_only', 'The conversation has ended; nothing can be said in it any more.');
}

export function sessionClosed(): GuestpassError {
  return new GuestpassError('session_closed', 'The session is closed.');
}

export function aborted(): GuestpassError {
  const remedy = 'What was sent before may still arrive.';
  return new GuestpassError('aborted', 'The caller gave the request up.', { remedy });
}

/** A reader had enough; `cause` is the reason of its signal. */
export function stoppedReading(cause: unknown): GuestpassError {
  const remedy = 'Nothing; the session goes on.';
  return new GuestpassError('aborted', 'The caller stopped reading messages.', { remedy, cause });
}

export function lostForGood(attempts: number): GuestpassError {
  const detail = `The connection was lost, and ${attempts} tries did not bring it back.`;
  return new GuestpassError('platform_unavailable', detail);
}

/** The platform did not begin another conversation. */
export function goesOn(): GuestpassError {
  const remedy = 'Begin another conversation when this one is read-only or has expired, or admit the guest again.';
  return new GuestpassError('request_rejected', 'The platform goes on with this conversation.', { remedy });
}

/** The connection broke before a request was answered. */
export function interrupted(): GuestpassError {
  return new GuestpassError('platform_unavailable', 'The connection broke before the platform answered.');
}

export function unanswered(): GuestpassError {
  return new GuestpassError('platform_unavailable', 'The platform did not answer in time.');
}

export function refusedToConfigure(code: number): GuestpassError {
  const detail = `The platform refused the session: ${meaningOf(code)}.`;
  const remedy = 'Check the deployment id, its allowed domains and its configuration; then admit the guest again.';
  const forbidden = code === 401 || code === 403 || code === 4000;
  return new GuestpassError(forbidden ? 'forbidden' : 'request_rejected', detail, { remedy, ...statusOf(code) });
}

export function refusedToSignIn(code: number): GuestpassError {
  const detail = `The platform did not take the sign-in: ${meaningOf(code)}.`;
  if (code === 401) return new GuestpassError('sign_in_rejected', detail, { status: code });
  if (isPassing(code)) return new GuestpassError('platform_unavailable', detail, statusOf(code));
  const remedy = 'Check that the deployment lets guests sign in while they talk (allowSessionUpgrade).';
  return new GuestpassError('forbidden', detail, { remedy, ...statusOf(code) });
}

export function refusedToSay(code: number): GuestpassError {
  const detail = `The platform refused the message: ${meaningOf(code)}.`;
  const remedy = 'Change what is sent; the same would be refused again.';
  const forbidden = code === 401 || code === 403;
  return new GuestpassError(forbidden ? 'forbidden' : 'request_rejected', detail, { remedy, ...statusOf(code) });
}

function statusOf(code: number): { readonly status?: number } {
  return code < 600 ? { status: code } : {};
}
