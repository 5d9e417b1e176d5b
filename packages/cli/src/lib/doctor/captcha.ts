import type { GatewayConfig } from '@guestpass/gateway/config';
import type { Clock } from 'guestpass';
import {
  type CaptchaVerdict,
  type CaptchaVerifier,
  hcaptchaVerifier,
  recaptchaVerifier,
  turnstileVerifier,
} from 'guestpass/captcha';
import type { Exchange } from 'guestpass/http';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

const limitMs = 4_000;

/** Does each captcha provider answer, and does it know the secret? */
export function captchaChecks(
  { recaptchaSecret, hcaptchaSecret, turnstileSecret }: GatewayConfig['captcha'],
  means: { readonly exchange: Exchange; readonly clock: Clock },
): readonly Check[] {
  const configured = [
    ['recaptcha', recaptchaSecret, recaptchaVerifier],
    ['hcaptcha', hcaptchaSecret, hcaptchaVerifier],
    ['turnstile', turnstileSecret, turnstileVerifier],
  ] as const;
  const checks = configured.flatMap(([provider, secret, create]) =>
    secret === undefined
      ? []
      : {
          name: provider,
          look: async (signal: AbortSignal) => await ask(create({ secret, ...means }), { ...means, signal }),
        },
  );
  if (checks.length > 0) return checks;
  return [{ name: 'captcha', look: async () => skipped('no provider is configured; ALTCHA needs none') }];
}

/** Surely no answer of a visitor, so that a provider which is well refuses it. */
const madeUp = 'guestpass-doctor';

async function ask(
  verifier: CaptchaVerifier,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Finding> {
  return tell(await verifier.verify({ response: madeUp }, { signal, deadlineAt: clock.monotonic() + limitMs }));
}

function tell(verdict: CaptchaVerdict): Finding {
  switch (verdict.verdict) {
    case 'rejected':
    case 'reused':
      return ok('answers, knows the secret, and refuses an answer that was made up');
    case 'passed':
      return problem('lets an answer pass that was made up.', 'The secret is one for trials: use that of the site.');
    case 'unavailable':
      return verdict.reason === 'secret_refused'
        ? problem('does not know the secret.', 'Copy the secret key of the site again.')
        : warning(`tells nothing (${verdict.failure ?? verdict.reason}).`, 'Allow connections to it, and try again.');
  }
}
