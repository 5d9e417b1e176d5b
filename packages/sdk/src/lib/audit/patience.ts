import type { Clock } from '../clock.ts';
import type { AuditEvent } from './event.ts';

export interface PatienceOptions {
  readonly clock: Clock;
  /** Nobody is waited for longer, in milliseconds; 0 waits for nobody. */
  readonly longestMs: number;
}

/**
 * Says how long a write may wait for company. A sync of the disk costs the same for one record as for a hundred; the
 * guests whose intent is kept and whose outcome is not yet here are the ones worth waiting for. A lone guest never waits.
 */
export interface Patience {
  /** A record came to be written. */
  arrived(event: Pick<AuditEvent, 'eventType'>): void;
  /** A record is kept, and its caller goes on. */
  kept(event: Pick<AuditEvent, 'eventType'>): void;
  /** Resolves when nobody is expected any more, or when waiting longer is not worth it. */
  wait(): Promise<void>;
}

export function createPatience({ clock, longestMs }: PatienceOptions): Patience {
  let expected = 0;
  let wake: (() => void) | undefined;

  return {
    arrived({ eventType }) {
      if (eventType === 'WEBMESSAGING_GUEST_REQUESTED') return;
      // A guest refused without an intent was not expected; counting it shortens a wait and does no harm.
      expected = Math.max(0, expected - 1);
      if (expected === 0) wake?.();
    },
    kept({ eventType }) {
      if (eventType === 'WEBMESSAGING_GUEST_REQUESTED') expected += 1;
    },
    wait() {
      if (expected === 0 || longestMs <= 0) return Promise.resolve();
      return new Promise((resolve) => {
        const cancel = clock.after(longestMs, () => {
          // Whoever takes longer than that is on a slow platform, or gone: nobody waits for them again.
          expected = 0;
          wake?.();
        });
        wake = () => {
          wake = undefined;
          cancel();
          resolve();
        };
      });
    },
  };
}
