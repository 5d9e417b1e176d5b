import type {
  CaptchaAnswer,
  CaptchaCall,
  CaptchaUnavailable,
  CaptchaVerdict,
  CaptchaVerifier,
} from '../captcha/verifier.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import { GuestpassError, type GuestpassErrorDetails, isGuestpassError } from '../errors.ts';

type Captcha = NonNullable<GuestPayload['captcha']>;

/** What a captcha has to show. */
export interface CaptchaPolicy {
  /**
   * `optional`: a guest may come without captcha or without score, as in the tutorial. `required`: both must be
   * there. `verified`: the captcha must be there, and its provider must be one of `verifiers`. Default `optional`.
   */
  readonly mode?: 'optional' | 'required' | 'verified' | undefined;
  /** A score below this is refused; 0 to 1. A provider that gives no score decides alone. Default 0.5. */
  readonly threshold?: number | undefined;
  /**
   * Who is asked about the answers of a provider, by the name the payload gives it. The provider then decides in every
   * mode, and the client's own score counts for nothing. Default nobody.
   */
  readonly verifiers?: Readonly<Record<string, CaptchaVerifier>> | undefined;
  /**
   * Channels whose guests are let in while their provider is out of service, and marked as such on record; a score the
   * client claims still has to reach the threshold. Where secret or address of the provider are wrong nobody is let in.
   * Default none: what cannot be verified fails.
   */
  readonly unverifiedChannels?: readonly string[] | undefined;
}

/** What a provider made of a captcha. */
export interface VerifiedCaptcha {
  readonly judgement: {
    readonly provider: string;
    readonly verified: boolean;
    readonly score: number | null;
    readonly unavailable?: true;
  };
  /** How the attempt ends, when it does. */
  readonly end?: { readonly outcome: 'refused' | 'failed'; readonly error: GuestpassError };
}

/** The reason to refuse, or `undefined`. Asks no provider: a captcha with a verifier need only be there. */
export function refuseCaptcha(captcha: GuestPayload['captcha'], policy: CaptchaPolicy): GuestpassError | undefined {
  const { mode = 'optional', threshold = 0.5 } = policy;
  if (captcha && verifierOf(captcha, policy)) return undefined;
  if (captcha && mode === 'verified') return unknownProvider(policy);
  const score = captcha?.score;
  if (score === undefined) {
    if (mode === 'optional') return undefined;
    return new GuestpassError('captcha_required', `The captcha ${captcha ? 'has no score' : 'is absent'}.`);
  }
  return refuseScore(score, threshold);
}

/**
 * Asks the provider. `undefined` at once when there is nobody to ask. Rejects only for a malfunction of the verifier
 * that is no {@link GuestpassError}.
 */
export function verifyCaptcha(
  captcha: GuestPayload['captcha'],
  policy: CaptchaPolicy,
  call: CaptchaCall & Omit<CaptchaAnswer, 'response'>,
): Promise<VerifiedCaptcha> | undefined {
  const verifier = captcha && verifierOf(captcha, policy);
  return verifier && ask(verifier, { captcha, policy, call });
}

interface Question {
  readonly captcha: Captcha;
  readonly policy: CaptchaPolicy;
  readonly call: CaptchaCall & Omit<CaptchaAnswer, 'response'>;
}

async function ask(verifier: CaptchaVerifier, { captcha, policy, call }: Question): Promise<VerifiedCaptcha> {
  const { remoteIp, channelId, signal, deadlineAt } = call;
  const answer = {
    response: captcha.response,
    ...(remoteIp !== undefined && { remoteIp }),
    ...(channelId !== undefined && { channelId }),
  };
  try {
    const verdict = await verifier.verify(answer, {
      ...(signal && { signal }),
      ...(deadlineAt !== undefined && { deadlineAt }),
    });
    if (isOutage(verdict) && policy.unverifiedChannels?.includes(channelId ?? '')) return letPass(captcha, policy);
    return judge(verdict, captcha, policy);
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return { judgement: claimed(captcha), end: { outcome: 'failed', error } };
  }
}

function judge(verdict: CaptchaVerdict, captcha: Captcha, { threshold = 0.5 }: CaptchaPolicy): VerifiedCaptcha {
  const { provider } = captcha;
  switch (verdict.verdict) {
    case 'passed': {
      const { score } = verdict;
      if (score !== null && !(score >= 0 && score <= 1)) return unverified(captcha, noVerdict);
      const error = score === null ? undefined : refuseScore(score, threshold);
      return { judgement: { provider, verified: true, score }, ...(error && { end: { outcome: 'refused', error } }) };
    }
    case 'rejected': {
      const error = new GuestpassError('captcha_rejected', rejections[verdict.reason]);
      return { judgement: { provider, verified: true, score: null }, end: { outcome: 'refused', error } };
    }
    case 'reused': {
      const error = new GuestpassError('captcha_reused', 'The captcha answer was presented before.');
      return { judgement: claimed(captcha), end: { outcome: 'refused', error } };
    }
    case 'unavailable':
      return unverified(captcha, verdict);
  }
}

/** True where nobody can be verified, whatever the answer; not for what the configuration or the caller did. */
function isOutage(verdict: CaptchaVerdict): boolean {
  return verdict.verdict === 'unavailable' && !ownDoing.has(verdict.reason);
}

const ownDoing: ReadonlySet<CaptchaUnavailable['reason']> = new Set(['aborted', 'secret_refused', 'request_refused']);

function letPass(captcha: Captcha, { threshold = 0.5 }: CaptchaPolicy): VerifiedCaptcha {
  const error = captcha.score === undefined ? undefined : refuseScore(captcha.score, threshold);
  const judgement = { ...claimed(captcha), unavailable: true } as const;
  return { judgement, ...(error && { end: { outcome: 'refused', error } }) };
}

/** From a verifier that keeps no scale. */
const noVerdict = { verdict: 'unavailable', reason: 'answer_invalid' } as const;

function unverified(captcha: Captcha, verdict: CaptchaUnavailable): VerifiedCaptcha {
  return { judgement: claimed(captcha), end: { outcome: 'failed', error: unavailable(verdict) } };
}

/** A provider may be called `constructor`. */
function verifierOf({ provider }: Captcha, { verifiers }: CaptchaPolicy): CaptchaVerifier | undefined {
  return verifiers && Object.hasOwn(verifiers, provider) ? verifiers[provider] : undefined;
}

function claimed({ provider, score }: Captcha): VerifiedCaptcha['judgement'] {
  return { provider, verified: false, score: score ?? null };
}

function refuseScore(score: number, threshold: number): GuestpassError | undefined {
  if (score >= threshold) return undefined;
  return new GuestpassError('captcha_score_too_low', `The captcha score is below the threshold of ${threshold}.`);
}

function unknownProvider({ verifiers = {} }: CaptchaPolicy): GuestpassError {
  const known = Object.keys(verifiers);
  return new GuestpassError('captcha_rejected', 'Answers of this captcha provider cannot be verified here.', {
    remedy: known.length > 0 ? `Use one of: ${known.join(', ')}.` : 'Configure a verifier for the provider.',
  });
}

const rejections = {
  malformed: 'The captcha answer is not one that this provider makes.',
  invalid: 'The captcha provider did not accept the answer.',
  expired: 'The captcha answer has expired, or was used elsewhere.',
  wrong_hostname: 'The captcha answer was made on another site.',
  wrong_action: 'The captcha answer was made for another action.',
} as const;

const checkSettings = 'Check that the captcha secret is that of the site key, and the address of the provider.';

const failures: Readonly<
  Record<CaptchaUnavailable['reason'], readonly [detail: string, details?: GuestpassErrorDetails]>
> = {
  unreachable: ['The captcha provider could not be asked'],
  timeout: ['The captcha provider did not answer in time'],
  aborted: ['The verification of the captcha was given up'],
  provider_error: ['The captcha provider is out of service'],
  answer_invalid: ['The captcha provider answered something that is no verdict'],
  outcome_unknown: ['The captcha provider took the answer, and its verdict was lost'],
  left_alone: ['The captcha provider kept failing and is left alone; it was not asked'],
  secret_refused: ['The captcha provider refused our secret', { retryable: false, remedy: checkSettings }],
  request_refused: ['The captcha provider refused our request', { retryable: false, remedy: checkSettings }],
};

function unavailable({ reason, failure, retryAfterMs }: CaptchaUnavailable): GuestpassError {
  const [detail, details] = failures[reason];
  const code = reason === 'aborted' ? 'aborted' : 'captcha_unavailable';
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new GuestpassError(code, `${detail}${failure === undefined ? '' : ` (${failure})`}.`, { ...details, ...wait });
}
