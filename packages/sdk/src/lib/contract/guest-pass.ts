import * as z from 'zod';
import { line } from './line.ts';

/** What lets one guest chat. `sessionToken` is a bearer secret: whoever holds it is the guest. */
export interface GuestPass {
  readonly guestId: string;
  readonly channelId: string;
  readonly sessionToken: string;
  /** ISO 8601 instant, or `null` when the platform names none. */
  readonly expiresAt: string | null;
  /** Where the session is spoken to, or `null` when the platform names no address. */
  readonly connect: GuestConnection | null;
  /** There when the guest signed in. */
  readonly signedIn?: SignedIn;
}

/** What the platform gave for a sign-in. Both are bearer secrets of the guest, and nothing can be read in them. */
export interface SignedIn {
  /** Proves to the platform who the guest is. */
  readonly jwt: string;
  /** Gets the next JWT; `null` when the platform gave none, as for an ID token. */
  readonly refreshToken: string | null;
  /** ISO 8601 instant after which the JWT may not be taken any more, or `null` when nobody knows. */
  readonly expiresAt: string | null;
}

/** Where a guest connects to chat. */
export interface GuestConnection {
  /** WebSocket address to open. */
  readonly url: string;
  readonly deploymentId: string;
}

/**
 * The platform's `201 Created` body: the tutorial's contract plus expiry and messaging address. Unknown fields are
 * ignored, because an answer may grow. Ids and token are lines: whoever keeps them, in a database, a header or a log, can.
 */
export const guestCreatedSchema = z.object({
  guestId: line(256),
  sessionToken: line(4096),
  expiresAt: z.iso.datetime({ offset: true }).max(64).nullish(),
  messaging: z
    .object({
      url: z
        .string()
        .max(2048)
        .regex(/^wss?:\/\/[\x21-\x7e]+$/),
      deploymentId: line(256),
    })
    .nullish(),
});

/** What the platform answers for a new guest. */
export type GuestCreated = z.infer<typeof guestCreatedSchema>;
