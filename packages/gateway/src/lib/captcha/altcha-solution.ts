import * as z from 'zod';

const hex = (bytes: number) => z.string().regex(new RegExp(`^(?:[0-9a-f]{2}){1,${bytes}}$`));

/** What the widget sends, as far as it can be one of our challenges. Nothing but what we sign is let through. */
const solutionSchema = z.object({
  challenge: z.object({
    parameters: z.strictObject({
      algorithm: z.literal('PBKDF2/SHA-256'),
      nonce: hex(16),
      salt: hex(16),
      cost: z.int().positive(),
      keyLength: z.int().positive().max(64),
      keyPrefix: hex(32),
      keySignature: hex(32),
      expiresAt: z.int().positive(),
    }),
    signature: hex(32),
  }),
  solution: z.object({ counter: z.int().min(0).max(0xff_ff_ff_ff), derivedKey: hex(64) }),
});

export type AltchaSolution = z.infer<typeof solutionSchema>;

/** The solution in an answer: base64 of JSON. `undefined` when it is none. */
export function parseAltcha(response: string): AltchaSolution | undefined {
  try {
    return solutionSchema.safeParse(JSON.parse(Buffer.from(response, 'base64').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
