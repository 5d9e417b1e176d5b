export { type SingleUseOptions, withSingleUse } from './lib/captcha/single-use.ts';
export {
  hcaptchaVerifier,
  recaptchaVerifier,
  type SiteverifyOptions,
  turnstileVerifier,
} from './lib/captcha/siteverify.ts';
export type { Expected } from './lib/captcha/siteverify-reply.ts';
export { type CaptchaUses, type MemoryCaptchaUsesOptions, memoryCaptchaUses } from './lib/captcha/uses.ts';
export type {
  CaptchaAnswer,
  CaptchaCall,
  CaptchaPassed,
  CaptchaRejected,
  CaptchaReused,
  CaptchaUnavailable,
  CaptchaVerdict,
  CaptchaVerifier,
} from './lib/captcha/verifier.ts';
