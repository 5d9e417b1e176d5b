import * as z from 'zod';
import { parseAttributes } from './attributes.ts';
import { objectFault } from './faults.ts';
import { line } from './line.ts';
import { signInSchema } from './sign-in.ts';

/** Any value JSON can carry. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const consent = z.strictObject(
  {
    accepted: z.boolean({ error: 'must be true or false' }),
    // Whoever keeps it must not have to keep a second with a million digits.
    timestamp: z.iso
      .datetime({
        offset: true,
        error: 'must be an ISO 8601 date and time with a zone, such as 2024-01-15T10:30:00Z',
      })
      .max(64, 'must have at most 64 characters'),
    noticeVersion: z.optional(line(128)),
    language: z.optional(line(35)),
  },
  { error: objectFault },
);

const captcha = z.strictObject(
  {
    provider: line(64),
    response: line(4096),
    score: z.number({ error: 'must be a number' }).min(0, 'must be at least 0').max(1, 'must be at most 1').optional(),
  },
  { error: objectFault },
);

const attributes = z.custom<Readonly<Record<string, JsonValue>>>().check((payload) => {
  const parsed = parseAttributes(payload.value);
  if (parsed.ok) payload.value = parsed.attributes;
  else {
    const { path, detail } = parsed.problem;
    payload.issues.push({ code: 'custom', path, message: detail, input: payload.value });
  }
});

/**
 * What a website sends to let one guest in: the tutorial's payload, and `signIn` where guests sign in, checked strictly.
 * Unknown fields are refused, nothing is coerced. Whether this guest *may* come in is policy, not shape.
 */
export const guestPayloadSchema = z.strictObject(
  {
    channelId: line(256),
    consent,
    captcha: captcha.optional(),
    attributes: attributes.optional(),
    signIn: z.optional(signInSchema),
  },
  { error: objectFault },
);

/** What a guest sends to be let in. */
export type GuestPayload = z.infer<typeof guestPayloadSchema>;
