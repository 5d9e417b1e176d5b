import { type PlatformHosts, resolveEnvironment } from './environment.ts';
import { isGuestpassError } from './errors.ts';
import { issuerNames } from './issuer/issuer.ts';
import { line, list, oneOf, origin, type Read, scope, share, urlPath, wholeNumber } from './setting-text.ts';

/** One setting: how it is named, read and explained. The reference of settings is generated from this. */
export interface Setting<T = unknown> {
  /** The environment variable. */
  readonly name: string;
  /** Other names it is known by, strongest first; the setting's own name wins over each. */
  readonly aliases: readonly string[];
  /** True when the value is never shown and may come from the file that `NAME_FILE` names. */
  readonly secret: boolean;
  /** True when an empty text is read too; else it counts as unset, as it always does in an alias. */
  readonly keepsEmpty: boolean;
  /** Value of an unset setting, in words. */
  readonly fallback: string;
  readonly doc: string;
  readonly parse: (text: string) => Read<T>;
}

const day = 86_400_000;

/** Every setting there is. */
export const configSettings = {
  target: defineSetting('GUESTPASS_TARGET', oneOf('simulator', 'genesys'), {
    doc: '`simulator` or `genesys`. The simulator is never chosen silently.',
    fallback: 'none',
  }),
  environment: defineSetting('GUESTPASS_ENVIRONMENT', environment, {
    aliases: ['GENESYS_ENV', 'GENESYSCLOUD_REGION'],
    doc: 'Where the platform is: a URL, a host name, or a Genesys region such as `usw2`. With the target `simulator` the aliases are not read.',
    fallback: 'http://127.0.0.1:4010 with the target `simulator`, else none',
  }),
  issuer: defineSetting('GUESTPASS_ISSUER', oneOf(...issuerNames), {
    doc: 'How a guest is made: `rest`, the contract of the tutorial; `web-messaging`, the published protocol, which needs no OAuth client; or `authenticated-web-messaging`, the same for guests who sign in.',
    fallback: 'rest',
  }),
  clientId: defineSetting('GUESTPASS_CLIENT_ID', line(256), {
    keepsEmpty: true,
    aliases: ['GENESYS_CLIENT_ID', 'GENESYSCLOUD_OAUTHCLIENT_ID'],
    doc: 'OAuth client. With the target `simulator` the aliases are not read.',
    fallback: '`sim-client` with the target `simulator`, else none',
  }),
  clientSecret: defineSetting('GUESTPASS_CLIENT_SECRET', line(1024), {
    aliases: ['GENESYS_CLIENT_SECRET', 'GENESYSCLOUD_OAUTHCLIENT_SECRET'],
    doc: 'Secret of the OAuth client; `GUESTPASS_CLIENT_SECRET_FILE` names a file that holds it. With the target `simulator` the aliases are not read.',
    fallback: '`sim-secret` with the target `simulator`, else none',
    secret: true,
    keepsEmpty: true,
  }),
  channelId: defineSetting('GUESTPASS_CHANNEL_ID', line(256), {
    aliases: ['WEBMSG_CHANNEL_ID'],
    doc: 'Channel of a guest whose payload names none.',
    fallback: 'none',
  }),
  guestsPath: defineSetting('GUESTPASS_GUESTS_PATH', urlPath, {
    doc: 'Path guests are posted to.',
    fallback: '/api/v2/conversations/webmessaging/guests',
  }),
  scope: defineSetting('GUESTPASS_SCOPE', scope, {
    keepsEmpty: true,
    doc: 'OAuth scopes to ask for; set and empty asks for none.',
    fallback: '`webmessaging:guest:create openid`, and none for a Genesys region',
  }),
  origin: defineSetting('GUESTPASS_ORIGIN', origin, {
    doc: 'Origin sent by the issuers of web messaging, such as https://shop.example; a deployment may list those it allows.',
    fallback: "that of the socket's host",
  }),
  retries: defineSetting('GUESTPASS_RETRIES', wholeNumber(0, 10), {
    doc: 'Repeats of a call that surely created nothing.',
    fallback: '3',
  }),
  deadlineMs: defineSetting('GUESTPASS_DEADLINE_MS', wholeNumber(1, day), {
    doc: 'Time for one attempt, everything included, in milliseconds.',
    fallback: '10000',
  }),
  requestsPerMinute: defineSetting('GUESTPASS_REQUESTS_PER_MINUTE', wholeNumber(1, 1_000_000), {
    doc: 'Calls sent to the platform in a minute.',
    fallback: '300',
  }),
  connections: defineSetting('GUESTPASS_CONNECTIONS', wholeNumber(1, 1024), {
    doc: 'Sockets kept for each origin; in the gateway also the calls for guests, or sessions of web messaging, that are under way at once.',
    fallback: '64',
  }),
  captchaPolicy: defineSetting('GUESTPASS_CAPTCHA_POLICY', oneOf('optional', 'required'), {
    doc: '`optional`: captcha and score may be absent. `required`: both must be there.',
    fallback: 'optional',
  }),
  captchaThreshold: defineSetting('GUESTPASS_CAPTCHA_THRESHOLD', share, {
    doc: 'A captcha score below this is refused; 0 to 1.',
    fallback: '0.5',
  }),
  allowedChannels: defineSetting('GUESTPASS_ALLOWED_CHANNELS', list, {
    doc: 'Channels that may be used, separated by commas.',
    fallback: 'any channel',
  }),
  consentMaxAgeMs: defineSetting('GUESTPASS_CONSENT_MAX_AGE_MS', wholeNumber(0, 3650 * day), {
    doc: 'Consent older than this is refused, in milliseconds.',
    fallback: 'any age',
  }),
  consentMaxSkewMs: defineSetting('GUESTPASS_CONSENT_MAX_SKEW_MS', wholeNumber(0, 3650 * day), {
    doc: 'Consent further in the future than this is refused, in milliseconds.',
    fallback: 'any instant',
  }),
  auditFile: defineSetting('GUESTPASS_AUDIT_FILE', line(4096), {
    doc: 'JSON lines file audit records are appended to.',
    fallback: 'none',
  }),
} as const;

type Settings = typeof configSettings;

/** The key of one setting. */
export type SettingKey = keyof Settings;

/** The value of each setting that was set or has a default of its target. */
export type SettingValues = {
  readonly [Key in SettingKey]?: Settings[Key] extends Setting<infer T> ? T : never;
};

/** Every key, in the order of the table. */
// The table is written above, so its keys are these.
/** The names of the settings. */
export const settingKeys = Object.keys(configSettings) as readonly SettingKey[];

type Details = Pick<Setting, 'doc' | 'fallback'> & Partial<Pick<Setting, 'aliases' | 'secret' | 'keepsEmpty'>>;

/** A setting that has no aliases, is no secret and does not keep an empty text, unless told. */
export function defineSetting<T>(name: string, parse: (text: string) => Read<T>, details: Details): Setting<T> {
  return { name, parse, aliases: [], secret: false, keepsEmpty: false, ...details };
}

function environment(text: string): Read<PlatformHosts> {
  try {
    return { value: resolveEnvironment(text) };
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return { fault: error.message };
  }
}
