import type { Clock } from 'guestpass';
import {
  type CaptchaVerifier,
  hcaptchaVerifier,
  recaptchaVerifier,
  type SiteverifyOptions,
  turnstileVerifier,
} from 'guestpass/captcha';
import type { Exchange } from 'guestpass/http';
import { withChannelHostnames } from '../settings/channel-hostnames.ts';
import type { GatewayConfig } from '../settings/config.ts';

/** A provider that is asked over the network. */
export type CaptchaProvider = 'recaptcha' | 'hcaptcha' | 'turnstile';

export interface ConfiguredVerifiersOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** Breaker and bulkhead of each provider. Default none. */
  readonly guards?: Readonly<Record<CaptchaProvider, Pick<SiteverifyOptions, 'breaker' | 'bulkhead'>>>;
  /** The secrets as they stand now, for each answer. Providers and sites stay those of the start. Default none changes. */
  readonly secretsNow?: () => ProviderSecrets;
}

type ProviderSecrets = Pick<GatewayConfig['captcha'], 'recaptchaSecret' | 'hcaptchaSecret' | 'turnstileSecret'>;

/**
 * A verifier for each provider whose secret is configured.
 *
 * @throws GuestpassError `config_invalid` for a secret that a provider publishes for trials.
 */
export function configuredVerifiers(
  captcha: GatewayConfig['captcha'],
  { exchange, clock, guards, secretsNow = () => captcha }: ConfiguredVerifiersOptions,
): Readonly<Record<string, CaptchaVerifier>> {
  const { hostnames, action } = captcha;
  const options = (provider: CaptchaProvider, secret: string): SiteverifyOptions => ({
    ...guards?.[provider],
    secret,
    exchange,
    clock,
  });
  // hCaptcha knows no actions, and would fail each answer that has to have one.
  const withAction = (provider: CaptchaProvider, secret: string) => ({
    ...options(provider, secret),
    ...(action !== undefined && { actions: [action] }),
  });
  const onHosts = (verifier: CaptchaVerifier) => (hostnames ? withChannelHostnames(verifier, hostnames) : verifier);
  const follow = (key: keyof ProviderSecrets, make: (secret: string) => CaptchaVerifier) => {
    const first = captcha[key];
    return first === undefined ? undefined : onHosts(following(first, () => secretsNow()[key], make));
  };
  const verifiers = {
    recaptcha: follow('recaptchaSecret', (secret) => recaptchaVerifier(withAction('recaptcha', secret))),
    hcaptcha: follow('hcaptchaSecret', (secret) => hcaptchaVerifier(options('hcaptcha', secret))),
    turnstile: follow('turnstileSecret', (secret) => turnstileVerifier(withAction('turnstile', secret))),
  };
  return Object.fromEntries(Object.entries(verifiers).flatMap(([name, one]) => (one ? [[name, one] as const] : [])));
}

/** A verifier that is made anew when its secret has become another. */
function following(
  first: string,
  secretNow: () => string | undefined,
  make: (secret: string) => CaptchaVerifier,
): CaptchaVerifier {
  let secret = first;
  let verifier = make(secret);
  return {
    verify(answer, call) {
      const next = secretNow() ?? secret;
      if (next !== secret) verifier = make(next);
      secret = next;
      return verifier.verify(answer, call);
    },
    heldBack: () => verifier.heldBack?.(),
  };
}
