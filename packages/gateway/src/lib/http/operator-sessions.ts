import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from 'guestpass';

export interface OperatorSessionsOptions {
  /**
   * Signs the sessions of a holder; at least 32 bytes. Gateways with the same keys take each other's sessions. `undefined`
   * for whoever may have none, or no more.
   */
  readonly keyOf: (holder: string) => Uint8Array | undefined;
  readonly clock: Clock;
  /** How long a session lasts, in milliseconds. Default 12 hours; use does not prolong it. */
  readonly lifetimeMs?: number;
}

/** Name of the cookie in which a browser holds a session. */
export const sessionCookie = 'guestpass_operator';

/** Sessions of operators who came with a browser, which cannot send a bearer token by itself. */
export interface OperatorSessions {
  /**
   * The `Set-Cookie` field of a new session of this holder. `secure` keeps it from connections that are not encrypted.
   * Throws a `TypeError` for a holder without a key.
   */
  open(holder: string, options?: { readonly secure?: boolean }): string;
  /** Who holds the session in this `Cookie` field, while it goes on. */
  holder(cookies: string | null): string | undefined;
  /** Ends the session in this `Cookie` field, for this process; returns the `Set-Cookie` field that takes it from the browser. */
  end(cookies: string | null): string;
}

/**
 * A session is its end, a random id, its holder, and a signature over all three under the holder's own key. Nothing is
 * kept but the ids of those that were signed out, until their end. It holds no token: a cookie is sent to every port of
 * a host.
 */
export function createOperatorSessions(options: OperatorSessionsOptions): OperatorSessions {
  const { keyOf, clock, lifetimeMs = 43_200_000 } = options;
  const signedOut = new Map<string, number>();

  const signatureOf = (terms: string, key: Uint8Array) => createHmac('sha256', key).update(terms).digest();

  const goesOn = ({ terms, expiresAt, holder, signature }: Session): boolean => {
    const key = keyOf(holder);
    if (!key || !timingSafeEqual(signatureOf(terms, key), signature)) return false;
    return clock.now() < expiresAt && !signedOut.has(terms);
  };

  return {
    open(holder, { secure = false } = {}) {
      const key = keyOf(holder);
      if (!key) throw new TypeError('Whoever has no key can hold no session.');
      const random = randomBytes(16).toString('base64url');
      const terms = `${clock.now() + lifetimeMs}.${random}.${Buffer.from(holder).toString('base64url')}`;
      const value = `${terms}.${signatureOf(terms, key).toString('base64url')}`;
      return setCookie(value, `Max-Age=${Math.floor(lifetimeMs / 1_000)}${secure ? '; Secure' : ''}`);
    },
    holder(cookies) {
      return sessionsIn(cookies).find(goesOn)?.holder;
    },
    end(cookies) {
      for (const [terms, expiresAt] of signedOut) if (expiresAt <= clock.now()) signedOut.delete(terms);
      for (const { terms, expiresAt } of sessionsIn(cookies).filter(goesOn)) signedOut.set(terms, expiresAt);
      return takeBack;
    },
  };
}

interface Session {
  /** What is signed. */
  readonly terms: string;
  readonly expiresAt: number;
  readonly holder: string;
  readonly signature: Buffer;
}

const setCookie = (value: string, ends: string) =>
  `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict; ${ends}`;

/** The `Set-Cookie` field that takes a session from the browser. */
export const takeBack = setCookie('', 'Max-Age=0');

/** True when a `Cookie` field names a session, good or not. */
export function holdsSession(cookies: string | null): boolean {
  return cookies?.includes(`${sessionCookie}=`) ?? false;
}

const form = new RegExp(
  `(?:^|; ?)${sessionCookie}=(\\d{1,15})\\.([\\w-]{22})\\.([\\w-]{1,1200})\\.([\\w-]{43})(?=;|$)`,
  'g',
);

/** Other hosts of the domain may have put cookies of this name before the right one. */
function sessionsIn(cookies: string | null): readonly Session[] {
  return [...(cookies ?? '').matchAll(form)].map(([, expiresAt, id, holder = '', signature = '']) => ({
    terms: `${expiresAt}.${id}.${holder}`,
    expiresAt: Number(expiresAt),
    holder: Buffer.from(holder, 'base64url').toString(),
    signature: Buffer.from(signature, 'base64url'),
  }));
}
