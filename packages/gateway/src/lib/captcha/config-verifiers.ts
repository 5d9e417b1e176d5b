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
import { withChannelHostnames } from './channel-hostnames.ts';

/** A verifier for each provider whose secret is configured. */
export function configuredVerifiers(
  { recaptchaSecret, hcaptchaSecret, turnstileSecret, hostnames, action }: GatewayConfig['captcha'],
  { exchange, clock }: { readonly exchange: Exchange; readonly clock: Clock },
): Readonly<Record<string, CaptchaVerifier>> {
  const options = (secret: string): SiteverifyOptions => ({ secret, exchange, clock });
  // hCaptcha knows no actions, and would fail each answer that has to have one.
  const withAction = (secret: string) => ({ ...options(secret), ...(action !== undefined && { actions: [action] }) });
  const onHosts = (verifier: CaptchaVerifier) => (hostnames ? withChannelHostnames(verifier, hostnames) : verifier);
  return {
    ...(recaptchaSecret !== undefined && { recaptcha: onHosts(recaptchaVerifier(withAction(recaptchaSecret))) }),
    ...(hcaptchaSecret !== undefined && { hcaptcha: onHosts(hcaptchaVerifier(options(hcaptchaSecret))) }),
    ...(turnstileSecret !== undefined && { turnstile: onHosts(turnstileVerifier(withAction(turnstileSecret))) }),
  };
}
