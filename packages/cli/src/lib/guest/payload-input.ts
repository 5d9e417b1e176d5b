import { GuestpassError } from 'guestpass';

/** Flags that describe the guest. */
export interface PayloadFlags {
  readonly channel?: string;
  readonly consent?: boolean;
  readonly consentTimestamp?: string;
  readonly captchaProvider?: string;
  readonly captchaResponse?: string;
  readonly captchaScore?: number;
  readonly attribute?: Readonly<Record<string, string>>;
}

export interface PayloadSources {
  readonly flags: PayloadFlags;
  /** JSON the flags are laid over. Without it, consent is what the flags say, and never assumed. */
  readonly text?: string;
  /** JSON of what a guest who signed in brings; takes the place of `signIn` in the payload. */
  readonly signInText?: string;
  /** Channel of a payload that names none. */
  readonly channelId?: string;
  /** ISO 8601 instant of a consent that is given by flag and has none. */
  readonly now: string;
}

/** Puts the payload together. Its shape is not judged here. */
export function composePayload({ flags, text, signInText, channelId, now }: PayloadSources): unknown {
  const base = text === undefined ? {} : parseJson(text, 'payload');
  if (!isRecord(base)) return base;
  return {
    ...base,
    ...channelOf(base, flags.channel, channelId),
    ...consentOf(text === undefined ? noConsent(now) : base, flags, now),
    ...captchaOf(base, flags),
    ...(signInText !== undefined && { signIn: parseJson(signInText, 'sign-in') }),
    ...(flags.attribute && { attributes: { ...recordOf(base.attributes), ...flags.attribute } }),
  };
}

type Json = Readonly<Record<string, unknown>>;

function channelOf(base: Json, flag: string | undefined, configured: string | undefined): Json {
  const channelId = flag ?? base.channelId ?? configured;
  return channelId === undefined ? {} : { channelId };
}

function noConsent(now: string): Json {
  return { consent: { accepted: false, timestamp: now } };
}

function consentOf(base: Json, { consent, consentTimestamp }: PayloadFlags, now: string): Json {
  if (consent === undefined && consentTimestamp === undefined)
    return 'consent' in base ? { consent: base.consent } : {};
  const given = recordOf(base.consent);
  const timestamp = consentTimestamp ?? given.timestamp ?? now;
  return { consent: { ...given, ...(consent === true && { accepted: true }), timestamp } };
}

function captchaOf(base: Json, { captchaProvider, captchaResponse, captchaScore }: PayloadFlags): Json {
  const flags = { provider: captchaProvider, response: captchaResponse, score: captchaScore };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { captcha: { ...recordOf(base.captcha), ...Object.fromEntries(given) } };
}

/** The parser's own message quotes the text, which may hold a captcha answer or a code: it is not repeated, nor kept as cause. */
function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GuestpassError('body_invalid', `The ${what} is not JSON.`);
  }
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}
