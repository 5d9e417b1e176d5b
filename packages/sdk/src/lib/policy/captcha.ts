import type { GuestPayload } from '../contract/guest-payload.ts';
import { GuestpassError } from '../errors.ts';

export interface CaptchaPolicy {
  /**
   * `optional`: a guest may come without captcha or without score, as in the tutorial. `required`: both must be
   * there. Default `optional`.
   */
  readonly mode?: 'optional' | 'required';
  /** A score below this is refused; 0 to 1. Default 0.5. */
  readonly threshold?: number;
}

/** The reason to refuse, or `undefined`. Only the client's own score is judged; no provider is asked. */
export function refuseCaptcha(captcha: GuestPayload['captcha'], policy: CaptchaPolicy): GuestpassError | undefined {
  const { mode = 'optional', threshold = 0.5 } = policy;
  const score = captcha?.score;
  if (score === undefined) {
    if (mode === 'optional') return undefined;
    return new GuestpassError('captcha_required', `The captcha ${captcha ? 'has no score' : 'is absent'}.`);
  }
  if (score >= threshold) return undefined;
  return new GuestpassError('captcha_score_too_low', `The captcha score is below the threshold of ${threshold}.`);
}
