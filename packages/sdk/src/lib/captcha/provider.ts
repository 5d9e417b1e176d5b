/** What is particular about one provider of the siteverify kind. */
export interface SiteverifyProvider {
  /** Where answers are checked. */
  readonly url: string;
  /** The longest answer it makes, in characters. */
  readonly longestAnswer: number;
  /** True when it takes an `idempotency_key`, under which asking again does not count as a second use. */
  readonly idempotent: boolean;
  /** Brings the provider's score to ours, from 0, surely a robot, to 1. */
  readonly score: (score: number) => number;
  /** Secrets it publishes for trials, under which anybody passes. */
  readonly testSecrets: readonly string[];
}

/** reCAPTCHA v2 and v3: https://developers.google.com/recaptcha/docs/verify. Answers live two minutes. */
export const recaptcha: SiteverifyProvider = {
  url: 'https://www.google.com/recaptcha/api/siteverify',
  longestAnswer: 4096,
  idempotent: false,
  score: (score) => score,
  testSecrets: ['6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe'],
};

/** hCaptcha: https://docs.hcaptcha.com/#verify-the-user-response-server-side. Its score tells the risk: 1 is a robot. */
export const hcaptcha: SiteverifyProvider = {
  url: 'https://api.hcaptcha.com/siteverify',
  longestAnswer: 4096,
  idempotent: false,
  score: (risk) => Math.round((1 - risk) * 10_000) / 10_000,
  testSecrets: ['0x0000000000000000000000000000000000000000'],
};

/** Turnstile: https://developers.cloudflare.com/turnstile/get-started/server-side-validation. Answers live five minutes. */
export const turnstile: SiteverifyProvider = {
  url: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  longestAnswer: 2048,
  idempotent: true,
  score: (score) => score,
  testSecrets: [
    '1x0000000000000000000000000000000AA',
    '2x0000000000000000000000000000000AA',
    '3x0000000000000000000000000000000AA',
  ],
};
