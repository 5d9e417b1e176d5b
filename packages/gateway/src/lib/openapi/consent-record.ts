import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { instant } from './line.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const texts = z.array(z.string());

/** The record of a consent, with the fields of ISO/IEC TS 27560. Published as `schemas/consent-record.schema.json`. */
export const consentRecordSchema = z.strictObject({
  schemaVersion: z.literal('guestpass-consent-record-1'),
  recordId: z.string().regex(new RegExp(`^cns_${uuid}$`)),
  receiptId: z
    .string()
    .regex(new RegExp(`^crt_${uuid}$`))
    .describe('Of the receipt the guest was given.'),
  receiptSha256: sha256.describe('Of what that receipt tells, in RFC 8785 form.'),
  attemptId: attemptId.describe('The subject, by a name that says nothing of who it is.'),
  channelId: z.string(),
  controller: z.strictObject({ name: z.string(), contact: z.string() }),
  notice: z.strictObject({
    id: z.string(),
    version: z.string(),
    language: z.string(),
    url: z.string().nullable(),
    sha256: sha256.describe('Of the exact text that was shown, in UTF-8.'),
  }),
  purposes: texts.min(1),
  dataCategories: texts.min(1),
  processing: texts.describe('What is done with the data.'),
  recipients: texts,
  storageDuration: z.string(),
  consent: z.strictObject({
    state: z.enum(['given', 'withdrawn', 'expired']),
    method: z.enum(['checkbox', 'button', 'statement', 'unspecified']).describe('How it was given on the website.'),
    claimedAt: z.string().describe('As the website told it.'),
    receivedAt: instant.describe('By the clock of the gateway.'),
    expiresAt: instant.nullable().describe('When it ends by itself.'),
    withdrawnAt: instant.nullable(),
  }),
  collection: z.strictObject({
    origin: z.string().nullable().describe('Of the website.'),
    page: z
      .string()
      .regex(/^\/[^?#]*$/)
      .nullable()
      .describe('The path of the page, without query.'),
  }),
  evidence: z.strictObject({
    captcha: z
      .strictObject({ provider: z.string(), verified: z.boolean(), score: z.number().nullable() })
      .nullable()
      .describe('What was found of the captcha.'),
    browser: z.string().nullable().describe('The family of the browser.'),
    network: z
      .string()
      .regex(/^[0-9a-f.:]+\/(?:24|48)$/)
      .nullable()
      .describe('The /24 or /48 around the address.'),
  }),
  withdrawal: z.string().describe('How the consent is taken back.'),
});
