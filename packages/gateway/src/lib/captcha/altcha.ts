import { hash } from 'node:crypto';
import { createChallenge, randomInt, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { type Clock, GuestpassError } from 'guestpass';
import type { CaptchaUses, CaptchaVerdict, CaptchaVerifier } from 'guestpass/captcha';
import { type AltchaKeys, createAltchaKeyRing } from './altcha-keys.ts';
import { type AltchaSolution, parseAltcha } from './altcha-solution.ts';

export interface AltchaOptions {
  /**
   * Signs the challenges; at least 32 characters, the same at every gateway of a fleet. A function is asked for each
   * challenge; those signed with a secret of before are good until they expire.
   */
  readonly secret: string | (() => string);
  /** Where solved challenges are remembered. */
  readonly uses: CaptchaUses;
  readonly clock: Clock;
  /** How long a challenge may be solved, in milliseconds. Default 10 minutes. */
  readonly lifetimeMs?: number;
  /** Rounds of PBKDF2 for one guess. Default 5,000. */
  readonly cost?: number;
  /** Guesses it takes, drawn anew for each challenge. Default 1,000 to 2,000, some two seconds on one thread. */
  readonly guesses?: { readonly fewest: number; readonly most: number };
}

/**
 * A challenge in the form of ALTCHA 2. Declared here, because the library's own declarations need those of a browser,
 * which programs that use a gateway lack.
 */
export interface AltchaChallenge {
  readonly parameters: {
    readonly algorithm: string;
    readonly nonce: string;
    readonly salt: string;
    readonly cost: number;
    readonly keyLength: number;
    readonly keyPrefix: string;
    readonly keySignature?: string;
    /** Seconds since the Unix epoch. */
    readonly expiresAt?: number;
  };
  readonly signature?: string;
}

/** A captcha that needs no account anywhere: the browser works for its answer, and this process checks it. */
export interface Altcha extends CaptchaVerifier {
  /** A fresh challenge, as the widget of ALTCHA takes it. */
  challenge(): Promise<AltchaChallenge>;
}

/**
 * Makes challenges and verifies what was solved, each once: the same solution in other words is the same. Tells no
 * score.
 *
 * @throws GuestpassError `config_invalid` when the secret is too short.
 */
export function createAltcha(options: AltchaOptions): Altcha {
  const { secret, uses, clock, lifetimeMs = 600_000, cost = 5_000, guesses = { fewest: 1_000, most: 2_000 } } = options;
  const now = typeof secret === 'string' ? () => secret : secret;
  if (now().length < 32) throw new GuestpassError('config_invalid', 'The captcha secret has less than 32 characters.');
  const ring = createAltchaKeyRing({ secret: now, lifetimeMs, clock });

  return {
    challenge: () =>
      createChallenge({
        algorithm: 'PBKDF2/SHA-256',
        cost,
        counter: randomInt(guesses.most, guesses.fewest),
        expiresAt: Math.floor((clock.now() + lifetimeMs) / 1000),
        deriveKey,
        ...ring.current(),
      }),
    async verify({ response }, { signal }) {
      if (signal?.aborted) return { verdict: 'unavailable', reason: 'aborted' };
      const solved = parseAltcha(response);
      if (!solved) return { verdict: 'rejected', reason: 'malformed' };
      const { nonce, expiresAt } = solved.challenge.parameters;
      if (expiresAt * 1000 <= clock.now()) return { verdict: 'rejected', reason: 'expired' };
      const refusal = await refusalOf(solved, ring.all());
      if (refusal) return { verdict: 'rejected', reason: refusal };
      return (await uses.claim(nameOf(nonce), expiresAt * 1000 + clockSkewMs)) ? passed : { verdict: 'reused' };
    },
  };
}

const passed: CaptchaVerdict = { verdict: 'passed', score: null };

/** Gateways of a fleet may disagree by this about when a challenge is over. */
const clockSkewMs = 60_000;

/** By the challenge and not by the answer, whose JSON and counter can be written in many ways. */
function nameOf(nonce: AltchaSolution['challenge']['parameters']['nonce']): string {
  return hash('sha256', `altcha ${nonce}`, 'hex');
}

/** Of the keys that may have signed the challenge, those of before are tried only when the ones before them did not. */
async function refusalOf(
  solved: AltchaSolution,
  rings: readonly AltchaKeys[],
): Promise<'expired' | 'invalid' | undefined> {
  for (const keys of rings) {
    const { verified, expired } = await verifySolution({ ...solved, deriveKey, ...keys });
    if (verified) return undefined;
    if (expired) return 'expired';
  }
  return 'invalid';
}
