import type { GatewayConfig } from './config.ts';

/** Texts of the configuration that the log never writes, wherever they come from. */
export function secretsOf({ platform, webhook, captcha, operator }: GatewayConfig): readonly string[] {
  const { altchaSecret, recaptchaSecret, hcaptchaSecret, turnstileSecret } = captcha;
  const some = [webhook?.secret, altchaSecret, recaptchaSecret, hcaptchaSecret, turnstileSecret, operator.token];
  return [platform.clientSecret, ...some].flatMap((secret) => secret ?? []);
}
