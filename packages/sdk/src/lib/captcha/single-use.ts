import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { CaptchaUses } from './uses.ts';
import type { CaptchaAnswer, CaptchaVerifier } from './verifier.ts';

export interface SingleUseOptions {
  readonly uses: CaptchaUses;
  readonly clock: Clock;
  /** How long an answer is remembered, in milliseconds. Default 10 minutes, longer than any provider's answer lives. */
  readonly retentionMs?: number;
  /** Answers that are taken although nobody can be asked, because they let somebody in all the same. Default none. */
  readonly isTakenUnasked?: (answer: CaptchaAnswer) => boolean;
}

/**
 * Lets each answer through once. It is taken before the provider is asked, so that of many at once one is asked about;
 * and it stays taken when no verdict came, because nobody knows whether the provider has spent it. While it is known
 * before that nobody will be asked, the visitor keeps it.
 */
export function withSingleUse(verifier: CaptchaVerifier, options: SingleUseOptions): CaptchaVerifier {
  const { uses, clock, retentionMs = 600_000, isTakenUnasked = () => false } = options;
  return {
    async verify(answer, call) {
      if (call.signal?.aborted) return { verdict: 'unavailable', reason: 'aborted' };
      const heldBack = isTakenUnasked(answer) ? undefined : verifier.heldBack?.();
      if (heldBack) return heldBack;
      const name = hash('sha256', answer.response, 'hex');
      if (!(await uses.claim(name, clock.now() + retentionMs))) return { verdict: 'reused' };
      return verifier.verify(answer, call);
    },
  };
}
