import type { SessionFrame } from '../messaging/server-frame.ts';

/** What the platform says of the session; `null` where it does not. */
export interface SessionFacts {
  readonly newSession: boolean;
  /** ISO 8601. Every message moves it on. */
  readonly expiresAt: string | null;
  readonly maxAttributeBytes: number | null;
  readonly maxFileBytes: number | null;
  readonly blockedExtensions: readonly string[];
}

export const nothingKnown: SessionFacts = {
  newSession: false,
  expiresAt: null,
  maxAttributeBytes: null,
  maxFileBytes: null,
  blockedExtensions: [],
};

export function factsOf(frame: SessionFrame): SessionFacts {
  const { newSession, expiresAtMs, maxAttributeBytes, maxFileBytes, blockedExtensions } = frame;
  return { newSession, expiresAt: instantOf(expiresAtMs), maxAttributeBytes, maxFileBytes, blockedExtensions };
}

export function instantOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
