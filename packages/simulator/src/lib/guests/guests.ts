import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';

const keysRemembered = 10_000;
const tokensRemembered = 10_000;

/** The body of a 201. */
export interface CreatedGuest {
  readonly guestId: string;
  readonly channelId: string;
  readonly sessionToken: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
  readonly messaging: { readonly url: string; readonly deploymentId: string };
}

export interface NewGuest {
  readonly channelId: string;
  readonly messagingUrl: string;
  /** Names the request across its repeats; the same key gives the same guest. */
  readonly idempotencyKey?: string | undefined;
}

/** The guests let in. */
export interface Guests {
  create(guest: NewGuest): CreatedGuest;
  /** What a session token was given out for; the last 10,000 are remembered. */
  reservation(sessionToken: string): { readonly channelId: string; readonly expiresAt: number } | undefined;
  readonly created: number;
  /** Answers given again for a known key. */
  readonly replayed: number;
}

export interface GuestsOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly sessionLifetimeSeconds: number;
}

export function createGuests({ clock, random, sessionLifetimeSeconds }: GuestsOptions): Guests {
  const byKey = createBoundedMap<CreatedGuest>(keysRemembered);
  const byToken = createBoundedMap<{ readonly channelId: string; readonly expiresAt: number }>(tokensRemembered);
  let created = 0;
  let replayed = 0;

  const admit = ({ channelId, messagingUrl }: NewGuest): CreatedGuest => {
    created += 1;
    const [guestId, sessionToken] = [random.uuid(), random.token()];
    const expiresAt = clock.now() + sessionLifetimeSeconds * 1000;
    byToken.set(sessionToken, { channelId, expiresAt });
    return {
      guestId,
      channelId,
      sessionToken,
      expiresAt: new Date(expiresAt).toISOString(),
      messaging: { url: messagingUrl, deploymentId: channelId },
    };
  };

  return {
    create(guest) {
      const { idempotencyKey } = guest;
      if (idempotencyKey === undefined) return admit(guest);
      const known = byKey.get(idempotencyKey);
      if (known) {
        replayed += 1;
        return known;
      }
      const fresh = admit(guest);
      byKey.set(idempotencyKey, fresh);
      return fresh;
    },
    reservation: (sessionToken) => byToken.get(sessionToken),
    get created() {
      return created;
    },
    get replayed() {
      return replayed;
    },
  };
}
