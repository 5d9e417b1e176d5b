import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import { isGuestpassError } from 'guestpass';
import { list, type Read } from 'guestpass/settings';
import { parseSchedule, parseWebhookSecret } from 'guestpass/webhook';
import { type Network, parseNetwork } from './network.ts';

/** `true` or `false`. */
export function flag(text: string): Read<boolean> {
  return text === 'true' || text === 'false' ? { value: text === 'true' } : { fault: 'must be true or false' };
}

/** Addresses and networks, separated by commas. */
export function networks(text: string): Read<readonly Network[]> {
  const read = list(text);
  if ('fault' in read) return read;
  const found = read.value.map(parseNetwork);
  // What is no network was found just now.
  return found.includes(undefined)
    ? { fault: 'must be addresses or networks such as 10.0.0.0/8, separated by commas' }
    : { value: found as readonly Network[] };
}

/** A website, for every channel or for one. */
export interface WebsiteSetting {
  readonly origin: string;
  readonly channelId?: string;
}

/** Origins separated by commas; `channel=origin` allows one channel alone. */
export function websites(text: string): Read<readonly WebsiteSetting[]> {
  const read = list(text);
  if ('fault' in read) return read;
  const found = read.value.map(website);
  if (found.includes(undefined)) {
    const shape = 'https://www.example.com or channel=https://www.example.com, without a path';
    return { fault: `must be origins such as ${shape}, separated by commas; http is for loopback alone` };
  }
  // What is no website was found just now.
  return { value: found as readonly WebsiteSetting[] };
}

function website(text: string): WebsiteSetting | undefined {
  const [, channelId, origin = ''] = /^(?:(.+)=)?([^=]+)$/.exec(text) ?? [];
  const url = URL.parse(origin);
  if (url?.origin !== origin.toLowerCase() || !isSafe(url)) return undefined;
  return channelId === undefined ? { origin: url.origin } : { origin: url.origin, channelId };
}

/** A site captchas may be solved on, for every channel or for one. */
export interface CaptchaHostSetting {
  readonly hostname: string;
  readonly channelId?: string;
}

/** Host names separated by commas; `channel=host` allows one channel alone. */
export function captchaHosts(text: string): Read<readonly CaptchaHostSetting[]> {
  const read = list(text);
  if ('fault' in read) return read;
  const found = read.value.map(captchaHost);
  if (found.includes(undefined)) {
    const shape = 'www.example.com or channel=www.example.com, without scheme and port';
    return { fault: `must be host names such as ${shape}, separated by commas` };
  }
  // What is no host name was found just now.
  return { value: found as readonly CaptchaHostSetting[] };
}

function captchaHost(text: string): CaptchaHostSetting | undefined {
  const [, channelId, name] = /^(?:(.+)=)?([a-z0-9._-]+|\[[0-9a-f:]+\])$/i.exec(text) ?? [];
  const hostname = name?.toLowerCase();
  if (hostname === undefined) return undefined;
  return channelId === undefined ? { hostname } : { hostname, channelId };
}

function isSafe({ protocol, hostname }: URL): boolean {
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  const isName = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/.test(hostname);
  return isName && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
}

/** An address of a website or page, without a trailing slash. */
export function webAddress(text: string): Read<string> {
  const url = URL.parse(text);
  const isPlain =
    url && isSafe(url) && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain
    ? { value: url.href.replace(/\/+$/, '') }
    : { fault: 'must be an https URL without query or fragment' };
}

/** An address of a receiver. Whether it may be reached is seen later. */
export function receiverAddress(text: string): Read<string> {
  const url = URL.parse(text);
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  const isPlain = isWeb && url.username === '' && url.password === '' && url.hash === '';
  return isPlain ? { value: text } : { fault: 'must be an https URL without user name, password or fragment' };
}

/** An address of a PostgreSQL. */
export function databaseAddress(text: string): Read<string> {
  const url = URL.parse(text);
  const isPostgres = url?.protocol === 'postgres:' || url?.protocol === 'postgresql:';
  return isPostgres ? { value: text } : { fault: 'must be a URL such as postgres://user:password@host:5432/database' };
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The delay before each try of a webhook, in milliseconds; the first is none. */
export function tryDelays(text: string): Read<readonly number[]> {
  const shape = 'must be spans such as 0s,5s,5m,30m,2h, separated by commas';
  const read = list(text);
  if ('fault' in read) return { fault: shape };
  const spans = read.value.map((span) => /^(\d{1,6})([smhd])$/.exec(span));
  if (spans.includes(null)) return { fault: shape };
  const delaysMs = spans.map((span) => Number(span?.[1]) * (unitsMs[span?.[2] ?? ''] ?? 0));
  if (delaysMs[0] !== 0) return { fault: 'must begin with 0s, as the first try is made at once' };
  try {
    return { value: parseSchedule(delaysMs) };
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return { fault: 'must be 1 to 50 spans, after the first each from 1s to 7d' };
  }
}

/** A secret that people hand around as text. */
export function token(fewest: number): (text: string) => Read<string> {
  return (text) => {
    if (!/^[\x21-\x7e]*$/.test(text)) return { fault: 'must be printable ASCII without spaces' };
    return text.length < fewest
      ? { fault: `must have at least ${fewest} characters, such as what \`openssl rand -base64 32\` prints` }
      : { value: text };
  };
}

/** A secret that operators make themselves, and so may make up: one of few different characters can be guessed. */
export function ownToken(fewest: number): (text: string) => Read<string> {
  const read = token(fewest);
  return (text) => {
    const isDull = text.length >= fewest && new Set(text).size < fewestCharacters;
    return isDull ? { fault: 'must be random, such as what `openssl rand -base64 32` prints' } : read(text);
  };
}

/** Of 32 random hexadecimal digits fewer than 8 are different ones once in ten million times. */
const fewestCharacters = 8;

/** At least 32 bytes in base64 or hexadecimal digits. */
export function masterKey(text: string): Read<KeyObject> {
  const isHex = /^(?:[0-9a-f]{2})+$/i.test(text);
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return (isHex || isBase64) && bytes.length >= 32
    ? { value: createSecretKey(bytes) }
    : { fault: 'must be at least 32 bytes in base64 or hexadecimal, such as what `openssl rand -base64 32` prints' };
}

/** A secret of Standard Webhooks. */
export function webhookSecret(text: string): Read<string> {
  try {
    parseWebhookSecret(text);
    return { value: text };
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return { fault: 'must be whsec_ and the base64 of 24 to 64 bytes' };
  }
}

/** An Ed25519 private key in PEM. */
export function signingKey(text: string): Read<KeyObject> {
  const fault = 'must be an Ed25519 private key in PEM, such as what `openssl genpkey -algorithm ed25519` prints';
  try {
    const key = createPrivateKey(text);
    return key.asymmetricKeyType === 'ed25519' ? { value: key } : { fault };
  } catch {
    // The parser's message could repeat what it read.
    return { fault };
  }
}
