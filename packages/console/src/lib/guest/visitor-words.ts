import type { Problem } from '../network.ts';

const checkFailed = 'The check that you are not a robot did not succeed. Please try again.';
const notHere = 'We could not start the chat. Please try again later or contact us another way.';
const reload = 'Something went wrong on this page. Please reload it and try again.';

/** What a visitor is told where the gateway speaks to the developers of a website. */
const words: Readonly<Record<string, string>> = {
  unreachable: 'We cannot be reached just now. Please check your connection and try again.',
  consent_required: 'Please accept the privacy notice to start the chat.',
  consent_timestamp_stale: 'Your consent has expired. Please accept the privacy notice again.',
  consent_timestamp_future: 'Please check the date and time of your device and try again.',
  captcha_required: checkFailed,
  captcha_score_too_low: checkFailed,
  captcha_rejected: checkFailed,
  captcha_reused: checkFailed,
  consent_receipt_invalid: 'This consent cannot be taken back here. Please contact us, and name the receipt.',
  channel_not_allowed: notHere,
  origin_not_allowed: notHere,
  too_many_requests: 'There were too many attempts. Please wait a moment.',
  idempotency_in_progress: 'We could not start the chat just now. Please try again in a moment.',
  sign_in_rejected: 'Your sign-in is not valid any more. Please sign in again.',
  session_expired: 'The chat was idle for too long and has ended. Please start a new one.',
  session_read_only: 'This conversation has ended. Please start a new one.',
  session_signed_out: 'You are signed out. Please sign in to go on with the chat.',
  session_closed: 'The chat was closed here. It may go on in another window.',
};

/** What to tell a visitor: no internals, no blame. Where the fault is not the caller's, the gateway has said it so. */
export function visitorWords({ code, status, detail }: Pick<Problem, 'code' | 'status' | 'detail'>): string {
  return words[code] ?? (status >= 500 ? detail : reload);
}
