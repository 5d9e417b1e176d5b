import { type Clock, GuestpassError } from 'guestpass';
import type { CaptchaUses } from 'guestpass/captcha';
import { inTime } from '../in-time.ts';
import type { CaptchaUses as StoredUses } from '../store/captcha-uses.ts';

const patienceMs = 5_000;

/**
 * Lets verifiers remember used answers in the database, where every gateway of the fleet sees them. A claim that takes
 * longer than five seconds rejects with `storage_unavailable`; the answer may be used up all the same.
 */
export function fleetCaptchaUses(stored: StoredUses, clock: Clock): CaptchaUses {
  const late = () => new GuestpassError('storage_unavailable', 'The use of a captcha answer was not recorded in time.');
  // What is claimed is a hash already, and names one answer whoever made it.
  const named = (hash: string) => ({ provider: 'sha256', response: hash });
  return {
    claim(hash, untilMs) {
      const claimed = stored.claim({ ...named(hash), expiresAtMs: untilMs }, clock.now());
      return inTime(claimed, patienceMs, { clock, late });
    },
    giveBack: (hash) => inTime(stored.giveBack(named(hash)), patienceMs, { clock, late }),
  };
}
