import type { SessionFrame } from '../messaging/server-frame.ts';

/** What the platform says of the session; `null` where it does not. */
export interface SessionFacts {
  readonly newSession: boolean;
  /** True when the account that signed in had another session, which was ended for this one. */
  readonly clearedExistingSession: boolean;
  /** ISO 8601. Every message moves it on. */
  readonly expiresAt: string | null;
  readonly maxAttributeBytes: number | null;
  readonly maxFileBytes: number | null;
  readonly blockedExtensions: readonly string[];
}

export const nothingKnown: SessionFacts = {
  newSession: false,
  clearedExistingSession: false,
  expiresAt: null,
  maxAttributeBytes: null,
  maxFileBytes: null,
  blockedExtensions: [],
};

export function factsOf(frame: SessionFrame): SessionFacts {
  const { newSession, clearedExistingSession, expiresAtMs, maxAttributeBytes, maxFileBytes, blockedExtensions } = frame;
  const limits = { maxAttributeBytes, maxFileBytes, blockedExtensions };
  return { newSession, clearedExistingSession, expiresAt: instantOf(expiresAtMs), ...limits };
}

export function instantOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
