/** Who has to do something about a code. */
export type Party = 'platform' | 'configuration' | 'gateway' | 'captcha' | 'website' | 'visitor' | 'nobody';

const parties: Readonly<Record<string, Party>> = {
  rate_limited: 'platform',
  platform_unavailable: 'platform',
  platform_response_invalid: 'platform',
  outcome_unknown: 'platform',
  deadline_exceeded: 'platform',
  credentials_rejected: 'configuration',
  unauthorized: 'configuration',
  forbidden: 'configuration',
  endpoint_not_found: 'configuration',
  request_rejected: 'configuration',
  config_invalid: 'configuration',
  overloaded: 'gateway',
  storage_unavailable: 'gateway',
  internal_error: 'gateway',
  captcha_unavailable: 'captcha',
  payload_invalid: 'website',
  consent_required: 'website',
  consent_timestamp_invalid: 'website',
  consent_timestamp_stale: 'website',
  consent_timestamp_future: 'website',
  consent_notice_unknown: 'website',
  captcha_required: 'website',
  captcha_reused: 'website',
  channel_not_allowed: 'website',
  sign_in_rejected: 'website',
  captcha_score_too_low: 'visitor',
  captcha_rejected: 'visitor',
  aborted: 'nobody',
};

/** A code that is not known yet is looked for here first. */
export function whoseFault(code: string): Party {
  return parties[code] ?? 'gateway';
}

const words: Readonly<Record<Party, string>> = {
  platform: 'The fault is at the platform, Genesys Cloud.',
  configuration: 'The fault is in our configuration of the platform.',
  gateway: 'The fault is ours, in this gateway.',
  captcha: 'The fault is at the captcha provider.',
  website: 'The fault is in the website that asks.',
  visitor: 'Policy keeps these visitors out.',
  nobody: 'Visitors left before they were let in.',
};

export function faultWords(party: Party): string {
  return words[party];
}
