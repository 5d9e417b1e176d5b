import type { Clock, ConsentPolicy, PipelineOptions } from 'guestpass';
import { type CaptchaAnswer, type CaptchaUses, withSingleUse } from 'guestpass/captcha';
import type { Altcha } from './altcha.ts';

type Policy = NonNullable<PipelineOptions['policy']>;

export interface GatewayPolicyOptions {
  readonly altcha: Altcha;
  /** Where used captcha answers are remembered, for the whole fleet. */
  readonly uses: CaptchaUses;
  /** Which notices guests may consent to. Default any. */
  readonly isKnownNotice?: ConsentPolicy['isKnownNotice'];
  readonly clock: Clock;
}

/**
 * The policy of a gateway: stricter than the SDK's, because strangers call it. Consent must be fresh (15 minutes, 60
 * seconds of skew), a captcha must be verified and is good once, and ALTCHA is there for whoever has no other provider.
 * What `policy` says itself counts.
 */
export function gatewayPolicy(policy: Policy, options: GatewayPolicyOptions): Policy {
  const { altcha, uses, isKnownNotice, clock } = options;
  const { consent = { maxAgeMs: 900_000, maxSkewMs: 60_000 }, captcha = {} } = policy;
  const { unverifiedChannels = [] } = captcha;
  const isTakenUnasked = ({ channelId = '' }: CaptchaAnswer) => unverifiedChannels.includes(channelId);
  const single = Object.entries(captcha.verifiers ?? {}).map(
    ([provider, verifier]) => [provider, withSingleUse(verifier, { uses, clock, isTakenUnasked })] as const,
  );
  const verifiers = { altcha, ...Object.fromEntries(single) };
  return {
    ...policy,
    consent: isKnownNotice ? { ...consent, isKnownNotice } : consent,
    captcha: { mode: 'verified', ...captcha, verifiers },
  };
}
