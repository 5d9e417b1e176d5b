/** What one passed answer tells. */
export interface Passed {
  /** Milliseconds since the Unix epoch. */
  readonly solvedAt: number;
  readonly hostname: string;
  readonly action: string;
  /** 0, a robot, to 1; absent where the provider tells none. */
  readonly score?: number;
}

/** How one provider speaks. */
export interface Dialect {
  /** True when it tells scores. */
  readonly scored: boolean;
  /** True when it takes `idempotency_key`. */
  readonly idempotent: boolean;
  /** Longest answer in characters. */
  readonly longestAnswer: number;
  readonly expired: string;
  readonly seen: string;
  passed(told: Passed): object;
  refused(code: string): object;
}

const iso = (ms: number) => new Date(ms).toISOString();
const refused = (code: string) => ({ success: false, 'error-codes': [code] });

/** https://developers.google.com/recaptcha/docs/verify and, with score and action, its version 3. */
const recaptcha: Dialect = {
  scored: true,
  idempotent: false,
  longestAnswer: 8192,
  expired: 'timeout-or-duplicate',
  seen: 'timeout-or-duplicate',
  passed: ({ solvedAt, hostname, action, score }) => ({
    success: true,
    challenge_ts: iso(solvedAt).replace(/\.\d+/, ''),
    hostname,
    ...(score !== undefined && { score, action }),
  }),
  refused,
};

/** https://docs.hcaptcha.com; its score, an Enterprise feature, tells the risk. */
const hcaptcha: Dialect = {
  scored: true,
  idempotent: false,
  longestAnswer: 8192,
  expired: 'expired-input-response',
  seen: 'already-seen-response',
  passed: ({ solvedAt, hostname, score }) => ({
    success: true,
    challenge_ts: iso(solvedAt).replace('Z', '000Z'),
    hostname,
    credit: false,
    ...(score !== undefined && { score: Math.round((1 - score) * 100) / 100, score_reason: [] }),
  }),
  refused,
};

/** https://developers.cloudflare.com/turnstile/get-started/server-side-validation */
const turnstile: Dialect = {
  scored: false,
  idempotent: true,
  longestAnswer: 2048,
  expired: 'timeout-or-duplicate',
  seen: 'timeout-or-duplicate',
  passed: ({ solvedAt, hostname, action }) => ({
    success: true,
    'error-codes': [],
    challenge_ts: iso(solvedAt),
    hostname,
    action,
    cdata: '',
    metadata: { interactive: false },
  }),
  refused: (code) => ({ ...refused(code), messages: [] }),
};

/** The providers, by the name in their path. */
export const dialects = { recaptcha, hcaptcha, turnstile } as const;
