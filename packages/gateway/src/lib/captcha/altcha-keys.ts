import { createHmac } from 'node:crypto';
import type { Clock } from 'guestpass';

/** What challenges are signed with. */
export interface AltchaKeys {
  readonly hmacSignatureSecret: string;
  readonly hmacKeySignatureSecret: string;
}

export interface AltchaKeyRingOptions {
  /** The secret as it stands now; asked for each challenge, so it answers from memory. */
  readonly secret: () => string;
  /** How long a challenge may be solved, in milliseconds. */
  readonly lifetimeMs: number;
  readonly clock: Clock;
}

/** The keys of a secret that may become another. */
export interface AltchaKeyRing {
  /** Those that new challenges are signed with. */
  current(): AltchaKeys;
  /** Those that challenges may still be signed with, the current ones first. */
  all(): readonly AltchaKeys[];
}

/** Keeps the keys of before for as long as somebody may hold a challenge they signed. */
export function createAltchaKeyRing({ secret, lifetimeMs, clock }: AltchaKeyRingOptions): AltchaKeyRing {
  let inUse = secret();
  let keys = keysOf(inUse);
  let before: readonly { readonly keys: AltchaKeys; readonly until: number }[] = [];

  const current = () => {
    const next = secret();
    if (next !== inUse) {
      before = [{ keys, until: clock.monotonic() + lifetimeMs }, ...before];
      inUse = next;
      keys = keysOf(next);
    }
    return keys;
  };

  return {
    current,
    all() {
      const first = current();
      before = before.filter(({ until }) => clock.monotonic() < until);
      return [first, ...before.map(({ keys: old }) => old)];
    },
  };
}

function keysOf(secret: string): AltchaKeys {
  return { hmacSignatureSecret: derive(secret, 'challenge'), hmacKeySignatureSecret: derive(secret, 'key') };
}

function derive(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(`guestpass altcha ${purpose}`).digest('hex');
}
