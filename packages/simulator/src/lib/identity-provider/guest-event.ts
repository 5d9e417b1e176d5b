import * as z from 'zod';

/** The body of a webhook: Standard Webhooks 1.0, as far as the identity provider reads it. */
const guestEventSchema = z.object({
  type: z.string().min(1).max(128),
  timestamp: z.iso.datetime({ offset: true }),
  data: z.object({
    guestId: z.string().min(1).max(256).nullish(),
    channelId: z.string().max(256).nullish(),
    consentTimestamp: z.string().max(64).nullish(),
    attemptId: z.string().max(128).nullish(),
    sequence: z.int().nonnegative().nullish(),
  }),
});

export type GuestEvent = z.infer<typeof guestEventSchema>;

/** The event in a body that was verified, or `undefined` when it is none. */
export function parseGuestEvent(value: unknown): GuestEvent | undefined {
  return guestEventSchema.safeParse(value).data;
}
