/** Fields of what is told of a line: of an attempt with its outcome, or of a line that is no guest. */
export const lineFields = [
  'line',
  'outcome',
  'id',
  'channelId',
  'guestPass.*',
  'error.*',
  'stage',
  'consentTimestamp',
  'captcha.*',
  'startedAt',
  'durationMs',
  'latencyMs',
  'stages.*',
  'retries',
  'statusCodes',
  'correlationId',
] as const;
