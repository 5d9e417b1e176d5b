import type { GatewayConfig } from './config.ts';

/** Texts of the configuration that the log never writes, wherever they come from. */
export function secretsOf({ platform, webhook, captcha, operator, storage }: GatewayConfig): readonly string[] {
  const { altchaSecret, recaptchaSecret, hcaptchaSecret, turnstileSecret } = captcha;
  const some = [
    webhook?.secret,
    altchaSecret,
    recaptchaSecret,
    hcaptchaSecret,
    turnstileSecret,
    operator.token,
    operator.signIn?.clientSecret,
  ];
  return [platform.clientSecret, ...some, ...('url' in storage ? passwordsIn(storage.url) : [])].flatMap(
    (secret) => secret ?? [],
  );
}

/** The password of the database, as the address has it and as it is. */
function passwordsIn(url: string): readonly string[] {
  const { password } = new URL(url);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
