import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from 'guestpass';

export interface OperatorSessionsOptions {
  /** Signs sessions; at least 32 bytes. Gateways with the same key take each other's sessions. */
  readonly key: Uint8Array | KeyObject;
  readonly clock: Clock;
  /** How long a session lasts, in milliseconds. Default 12 hours; use does not prolong it. */
  readonly lifetimeMs?: number;
}

/** Name of the cookie in which a browser holds a session. */
export const sessionCookie = 'guestpass_operator';

/** Sessions of operators who came with a browser, which cannot send a bearer token by itself. */
export interface OperatorSessions {
  /** The `Set-Cookie` field of a new session. `secure` keeps it from connections that are not encrypted. */
  open(options?: { readonly secure?: boolean }): string;
  /** True when this `Cookie` field holds a session that goes on. */
  isOpen(cookies: string | null): boolean;
  /** Ends the session in this `Cookie` field, for this process; returns the `Set-Cookie` field that takes it from the browser. */
  end(cookies: string | null): string;
}

/**
 * A session is its end, a random id and a signature over both. Nothing is kept but the ids of those that were signed out,
 * until their end. It holds no token: a cookie is sent to every port of a host.
 */
export function createOperatorSessions(options: OperatorSessionsOptions): OperatorSessions {
  const { key, clock, lifetimeMs = 43_200_000 } = options;
  const signedOut = new Map<string, number>();

  const signatureOf = (terms: string) => createHmac('sha256', key).update(terms).digest();

  const read = (cookies: string | null): Session | undefined => {
    const session = sessionIn(cookies);
    if (!session || !timingSafeEqual(signatureOf(session.terms), session.signature)) return undefined;
    return clock.now() < session.expiresAt ? session : undefined;
  };

  return {
    open({ secure = false } = {}) {
      const terms = `${clock.now() + lifetimeMs}.${randomBytes(16).toString('base64url')}`;
      const value = `${terms}.${signatureOf(terms).toString('base64url')}`;
      return setCookie(value, `Max-Age=${Math.floor(lifetimeMs / 1_000)}${secure ? '; Secure' : ''}`);
    },
    isOpen(cookies) {
      const session = read(cookies);
      return session !== undefined && !signedOut.has(session.terms);
    },
    end(cookies) {
      const session = read(cookies);
      for (const [terms, expiresAt] of signedOut) if (expiresAt <= clock.now()) signedOut.delete(terms);
      if (session) signedOut.set(session.terms, session.expiresAt);
      return takeBack;
    },
  };
}

interface Session {
  /** What is signed. */
  readonly terms: string;
  readonly expiresAt: number;
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

const form = new RegExp(`(?:^|; ?)${sessionCookie}=(\\d{1,15})\\.([\\w-]{22})\\.([\\w-]{43})(?:;|$)`);

function sessionIn(cookies: string | null): Session | undefined {
  const [, expiresAt, id, signature] = form.exec(cookies ?? '') ?? [];
  if (expiresAt === undefined || id === undefined || signature === undefined) return undefined;
  return {
    terms: `${expiresAt}.${id}`,
    expiresAt: Number(expiresAt),
    signature: Buffer.from(signature, 'base64url'),
  };
}
