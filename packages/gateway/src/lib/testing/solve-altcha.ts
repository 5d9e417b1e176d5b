import { type Challenge, solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';

/**
 * Does what the ALTCHA widget does in the browser: works the challenge out that a gateway answered, and returns the
 * answer for the payload.
 */
export async function solveAltcha(challenge: unknown): Promise<string> {
  // A cast, because the widget takes what it is given too.
  const solution = await solveChallenge({ challenge: challenge as Challenge, deriveKey });
  if (!solution) throw new Error('The challenge was not solved.');
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
}
