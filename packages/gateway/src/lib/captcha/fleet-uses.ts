import type { Clock } from 'guestpass';
import type { CaptchaUses } from 'guestpass/captcha';
import type { CaptchaUses as StoredUses } from '../store/captcha-uses.ts';

/** Lets verifiers remember used answers in the database, where every gateway of the fleet sees them. */
export function fleetCaptchaUses(stored: StoredUses, clock: Clock): CaptchaUses {
  return {
    // What is claimed is a hash already, and names one answer whoever made it.
    claim: (hash, untilMs) => stored.claim({ provider: 'sha256', response: hash, expiresAtMs: untilMs }, clock.now()),
  };
}
