import { parseAttributes } from './attributes.ts';
import type { GuestPayload } from './guest-payload.ts';
import { isOrdinaryLine } from './line.ts';

/**
 * The payload, when the input is one beyond doubt: known members alone, ordinary text, no sign-in. Nearly every guest's
 * is, and finding that out costs a fraction of the schema. `undefined` says nothing about the input: then the schema
 * decides, and explains. Never accepts what the schema refuses, and returns what the schema would.
 */
export function plainPayload(input: unknown): GuestPayload | undefined {
  if (!isRecord(input)) return undefined;
  const { channelId, captcha, attributes } = input;
  const consent = plainConsent(input.consent);
  if (!isOrdinaryLine(channelId, 256) || consent === undefined) return undefined;
  const payload: Writable<GuestPayload> = { channelId, consent };
  if (captcha !== undefined) {
    const plain = plainCaptcha(captcha);
    if (plain === undefined) return undefined;
    payload.captcha = plain;
  }
  if (attributes !== undefined) {
    const parsed = parseAttributes(attributes as NonNullable<GuestPayload['attributes']>);
    if (!parsed.ok) return undefined;
    payload.attributes = parsed.attributes;
  }
  return holdsNoMore(input, payload) ? payload : undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Days that every month has, and no leap seconds. */
const plainInstant =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function plainConsent(input: unknown): GuestPayload['consent'] | undefined {
  if (!isRecord(input)) return undefined;
  const { accepted, timestamp, noticeVersion, language } = input;
  if (typeof accepted !== 'boolean' || typeof timestamp !== 'string' || !plainInstant.test(timestamp)) return undefined;
  const consent: Writable<GuestPayload['consent']> = { accepted, timestamp };
  if (noticeVersion !== undefined) {
    if (!isOrdinaryLine(noticeVersion, 128)) return undefined;
    consent.noticeVersion = noticeVersion;
  }
  if (language !== undefined) {
    if (!isOrdinaryLine(language, 35)) return undefined;
    consent.language = language;
  }
  return holdsNoMore(input, consent) ? consent : undefined;
}

function plainCaptcha(input: unknown): NonNullable<GuestPayload['captcha']> | undefined {
  if (!isRecord(input)) return undefined;
  const { provider, response, score } = input;
  if (!isOrdinaryLine(provider, 64) || !isOrdinaryLine(response, 4096)) return undefined;
  const captcha: Writable<NonNullable<GuestPayload['captcha']>> = { provider, response };
  if (score !== undefined) {
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) return undefined;
    captcha.score = score;
  }
  return holdsNoMore(input, captcha) ? captcha : undefined;
}

function isRecord(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && Object.getPrototypeOf(input) === Object.prototype;
}

/** A member that was not read, or holds `undefined`, is a matter for the schema. */
function holdsNoMore(input: object, output: object): boolean {
  for (const key in input) if (!Object.hasOwn(output, key)) return false;
  return true;
}
