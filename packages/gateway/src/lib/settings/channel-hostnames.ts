import type { CaptchaVerifier } from 'guestpass/captcha';

/** A site captchas may be solved on, for every channel or for one. */
export interface CaptchaHost {
  /** In lower case. */
  readonly hostname: string;
  readonly channelId?: string;
}

/**
 * Lets an answer through that was made on a site of the guest's channel. One that does not say where it was made is
 * refused.
 */
export function withChannelHostnames(verifier: CaptchaVerifier, hosts: readonly CaptchaHost[]): CaptchaVerifier {
  return {
    async verify(answer, call) {
      const verdict = await verifier.verify(answer, call);
      if (verdict.verdict !== 'passed') return verdict;
      const made = verdict.hostname?.toLowerCase();
      const isAllowed = hosts.some(
        ({ hostname, channelId }) => hostname === made && (channelId === undefined || channelId === answer.channelId),
      );
      return isAllowed ? verdict : { verdict: 'rejected', reason: 'wrong_hostname' };
    },
    heldBack: () => verifier.heldBack?.(),
  };
}
