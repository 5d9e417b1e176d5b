import type { ErrorEntry } from './error-entry.ts';

/** Codes that only a running session has. */
export const sessionErrorTable = {
  session_expired: {
    httpStatus: null,
    retryable: false,
    meaning: 'The session of the guest has expired.',
    cause: 'Nobody spoke for as long as the deployment allows, or the platform does not know the session any more.',
    visitor: 'The chat was idle for too long and has ended. Please start a new one.',
    remedy: 'Call `startNew()`, or admit the guest again.',
  },
  session_read_only: {
    httpStatus: null,
    retryable: false,
    meaning: 'The conversation has ended and can only be read.',
    cause: 'The agent or the bot has left, and the deployment keeps conversations read-only after that.',
    visitor: 'This conversation has ended. Please start a new one.',
    remedy: 'Call `startNew()` for another conversation.',
  },
  session_signed_out: {
    httpStatus: null,
    retryable: false,
    meaning: 'Nobody speaks for the signed-in guest any more.',
    cause:
      'The guest signed out, here or elsewhere; or the JWT has expired or was revoked and could not be refreshed; or the guest pass of an anonymous guest was used after that guest signed in.',
    visitor: 'You are signed out. Please sign in to go on with the chat.',
    remedy: 'Let the guest sign in again, and connect with the new guest pass.',
  },
  session_closed: {
    httpStatus: null,
    retryable: false,
    meaning: 'The session is closed.',
    cause:
      'It was closed here, signed in or closed elsewhere, or pushed out by too many connections of the same guest.',
    visitor: 'The chat was closed here. It may go on in another window.',
    remedy: 'Connect again with the guest pass.',
  },
} as const satisfies Record<string, ErrorEntry>;
