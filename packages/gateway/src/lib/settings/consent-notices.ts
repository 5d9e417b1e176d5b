import { hash } from 'node:crypto';
import type { Fault } from 'guestpass';
import * as z from 'zod';
import { parseWith } from './schema-faults.ts';

const line = (max: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must be one line of text');

const lines = (max: number) => z.array(line(max)).min(1, 'must not be empty').max(32, 'must have at most 32 entries');

const webUrl = z.url({ protocol: /^https?$/, error: 'must be an https URL' }).max(2_048, 'must be shorter');

const languageTag = z.string().regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/, 'must be a language tag such as en-US');

/** One entry of the file, with the text or with its hash. */
const noticeSchema = z
  .strictObject({
    id: line(128),
    version: line(128),
    language: languageTag.max(35, 'must have at most 35 characters'),
    url: webUrl.optional(),
    text: z.string().min(1, 'must not be empty').max(65_536, 'must have at most 65536 characters').optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
      .optional(),
    channels: lines(256).optional(),
    purposes: lines(200),
    dataCategories: lines(200),
    processing: lines(200).optional(),
    recipients: lines(200).optional(),
    method: z.enum(['checkbox', 'button', 'statement'], 'must be checkbox, button or statement').optional(),
    validDays: z
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(36_500, 'must be at most 36500')
      .optional(),
    controller: z.strictObject({ name: line(200), contact: line(500) }),
    storageDuration: line(200),
    withdrawal: line(500),
  })
  .refine(({ text, sha256 }) => text !== undefined || sha256 !== undefined, 'must have text or sha256')
  .refine(
    ({ text, sha256 }) => text === undefined || sha256 === undefined || hashOf(text) === sha256,
    'has a text that is not the one of its sha256',
  );

const noticesSchema = z.array(noticeSchema).min(1, 'must not be empty').max(1_000, 'must have at most 1000 entries');

type WrittenNotice = z.infer<typeof noticeSchema>;

/** What guests are told before they consent: one version in one language. */
export interface ConsentNotice extends Readonly<Omit<WrittenNotice, 'sha256'>> {
  /** Lower-case hex SHA-256 of the exact text, in UTF-8. */
  readonly sha256: string;
}

/** The notices in a file of JSON, or every fault at once; no fault repeats what the file holds. */
export type NoticesRead = { readonly notices: readonly ConsentNotice[] } | { readonly faults: readonly Fault[] };

/** Reads notices: a JSON array, as docs/consent.md tells it. Never throws. */
export function parseConsentNotices(json: string): NoticesRead {
  let written: unknown;
  try {
    written = JSON.parse(json.replace(/^\ufeff/, ''));
  } catch {
    // The parser's own message repeats what it found.
    return { faults: [{ pointer: '', detail: 'is not JSON' }] };
  }
  const parsed = parseWith(noticesSchema, written);
  if (!parsed.ok) return { faults: parsed.faults };
  const faults = ambiguities(parsed.value);
  if (faults.length > 0) return { faults };
  return { notices: parsed.value.map((notice) => ({ ...notice, sha256: notice.sha256 ?? hashOf(notice.text ?? '') })) };
}

/** A version and a language choose one notice of a channel. */
function ambiguities(notices: readonly WrittenNotice[]): readonly Fault[] {
  return notices.flatMap((notice, index) => {
    const first = notices.findIndex((other) => saysTheSame(other, notice));
    const detail = `has the version and the language of /${first} for the same channel`;
    return first < index ? [{ pointer: `/${index}`, detail }] : [];
  });
}

function saysTheSame(one: WrittenNotice, other: WrittenNotice): boolean {
  const { channels } = one;
  const shared = !channels || !other.channels || other.channels.some((channel) => channels.includes(channel));
  return shared && one.version === other.version && one.language.toLowerCase() === other.language.toLowerCase();
}

function hashOf(text: string): string {
  return hash('sha256', text);
}
