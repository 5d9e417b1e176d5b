import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { isGuestpassError } from '../errors.ts';
import type { CaptchaUses } from './uses.ts';
import type { CaptchaAnswer, CaptchaVerdict, CaptchaVerifier } from './verifier.ts';

/** Where used answers are remembered. */
export interface SingleUseOptions {
  readonly uses: CaptchaUses;
  readonly clock: Clock;
  /** How long an answer is remembered, in milliseconds. Default 10 minutes, longer than any provider's answer lives. */
  readonly retentionMs?: number | undefined;
  /** Answers that are taken although nobody can be asked, because they let somebody in all the same. Default none. */
  readonly isTakenUnasked?: ((answer: CaptchaAnswer) => boolean) | undefined;
}

/**
 * Lets each answer through once. It is taken before the provider is asked: taken behind the verdict, many at once would
 * all be asked about, and pass wherever the provider takes an answer twice. It stays taken when no verdict came, because
 * nobody knows whether the provider has spent it. The visitor keeps it where the provider was surely not asked: while that
 * is known before, nothing is taken; when it turns out behind the claim, as in a line for the provider that its breaker
 * cuts short, the answer is given back. That lets nobody in twice, since whoever held the claim was not let in. Answers
 * that are taken unasked do let somebody in, and are never given back.
 */
export function withSingleUse(verifier: CaptchaVerifier, options: SingleUseOptions): CaptchaVerifier {
  const { uses, clock, retentionMs = 600_000, isTakenUnasked = () => false } = options;
  return {
    async verify(answer, call) {
      if (call.signal?.aborted) return { verdict: 'unavailable', reason: 'aborted' };
      const isKept = !isTakenUnasked(answer);
      const heldBack = isKept ? verifier.heldBack?.() : undefined;
      if (heldBack) return heldBack;
      const name = hash('sha256', answer.response, 'hex');
      if (!(await uses.claim(name, clock.now() + retentionMs))) return { verdict: 'reused' };
      const verdict = verifier.verify(answer, call);
      if (isKept && (await verdict.then(isUnasked, isUnaskedFor))) await giveBack(uses, name);
      return await verdict;
    },
  };
}

function isUnasked(verdict: CaptchaVerdict): boolean {
  return verdict.verdict === 'unavailable' && verdict.reason === 'left_alone';
}

function isUnaskedFor(error: unknown): boolean {
  return isGuestpassError(error) && error.code === 'overloaded';
}

/** An answer that cannot be given back stays taken; the visitor is told the same. */
async function giveBack(uses: CaptchaUses, name: string): Promise<void> {
  try {
    await uses.giveBack?.(name);
  } catch {}
}
