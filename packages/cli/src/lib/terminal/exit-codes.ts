import type { Attempt, ErrorCode } from 'guestpass';

/** What the exit code of `guestpass` says. */
export const exitCodes = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed' },
  usage: { code: 2, meaning: 'bad usage, payload or configuration; nothing was sent' },
  refused: { code: 3, meaning: 'refused by policy: consent, captcha or channel; nothing was sent' },
  credentials: { code: 4, meaning: 'Genesys refused our credentials' },
  gaveUp: { code: 5, meaning: 'gave up after retries or a timeout; the outcome may be unknown' },
  problem: { code: 6, meaning: 'a check found a problem' },
  config: { code: 78, meaning: 'the gateway was not started: its configuration is not usable (EX_CONFIG)' },
  interrupted: { code: 130, meaning: 'interrupted' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

type Exit = keyof typeof exitCodes;

/** How each error ends the command. */
export const exitOfError: Readonly<Record<ErrorCode, Exit>> = {
  config_invalid: 'usage',
  payload_invalid: 'usage',
  body_invalid: 'usage',
  body_too_large: 'usage',
  unsupported_media_type: 'usage',
  idempotency_key_invalid: 'usage',
  idempotency_key_reused: 'usage',
  consent_required: 'refused',
  consent_timestamp_invalid: 'refused',
  consent_timestamp_stale: 'refused',
  consent_timestamp_future: 'refused',
  consent_notice_unknown: 'refused',
  captcha_required: 'refused',
  captcha_score_too_low: 'refused',
  captcha_rejected: 'refused',
  captcha_reused: 'refused',
  channel_not_allowed: 'refused',
  origin_not_allowed: 'refused',
  credentials_rejected: 'credentials',
  unauthorized: 'credentials',
  forbidden: 'credentials',
  rate_limited: 'gaveUp',
  platform_unavailable: 'gaveUp',
  deadline_exceeded: 'gaveUp',
  outcome_unknown: 'gaveUp',
  overloaded: 'gaveUp',
  captcha_unavailable: 'gaveUp',
  too_many_requests: 'gaveUp',
  idempotency_in_progress: 'gaveUp',
  aborted: 'interrupted',
  endpoint_not_found: 'failed',
  request_rejected: 'failed',
  sign_in_rejected: 'failed',
  platform_response_invalid: 'failed',
  storage_unavailable: 'failed',
  session_expired: 'failed',
  session_read_only: 'failed',
  session_signed_out: 'failed',
  session_closed: 'failed',
};

/** The exit code of an attempt. One that was interrupted before it ended well says so, whatever became of it. */
export function exitOfAttempt(attempt: Attempt, signal: AbortSignal): number {
  if (attempt.outcome === 'admitted') return exitCodes.done.code;
  if (signal.aborted) return exitCodes.interrupted.code;
  return exitCodes[exitOfError[attempt.error.code]].code;
}

/** From harmless to grave: wrong credentials let nobody in, and of a guest whose outcome is unknown nobody can tell. */
const byGravity = ['done', 'usage', 'refused', 'problem', 'failed', 'gaveUp', 'credentials', 'interrupted'] as const;

/** The worst of several exit codes; 0 of none. */
export function worstExit(codes: Iterable<number>): number {
  const among = new Set(codes);
  const worst = byGravity.findLast((exit) => among.has(exitCodes[exit].code)) ?? 'done';
  return exitCodes[worst].code;
}
