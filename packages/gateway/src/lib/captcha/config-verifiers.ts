import type { Clock } from 'guestpass';
import {
  type CaptchaVerifier,
  hcaptchaVerifier,
  recaptchaVerifier,
  type SiteverifyOptions,
  turnstileVerifier,
} from 'guestpass/captcha';
import type { Exchange } from 'guestpass/http';
import type { GatewayConfig } from '../config.ts';

/** A verifier for each provider whose secret is configured. */
export function configuredVerifiers(
  { recaptchaSecret, hcaptchaSecret, turnstileSecret, hostnames }: GatewayConfig['captcha'],
  { exchange, clock }: { readonly exchange: Exchange; readonly clock: Clock },
): Readonly<Record<string, CaptchaVerifier>> {
  const options = (secret: string): SiteverifyOptions => ({ secret, exchange, clock, ...(hostnames && { hostnames }) });
  return {
    ...(recaptchaSecret !== undefined && { recaptcha: recaptchaVerifier(options(recaptchaSecret)) }),
    ...(hcaptchaSecret !== undefined && { hcaptcha: hcaptchaVerifier(options(hcaptchaSecret)) }),
    ...(turnstileSecret !== undefined && { turnstile: turnstileVerifier(options(turnstileSecret)) }),
  };
}
