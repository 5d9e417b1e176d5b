import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { parseSecrets, signatureOf } from './sign.ts';

/** A message as it was received, and what it is held to. */
export interface VerifyWebhookOptions {
  /** As received: a WHATWG `Headers`, or a record with names in any case. */
  readonly headers: WhatwgHeaders | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body exactly as received, before any parsing. */
  readonly body: string | Uint8Array;
  /** The `whsec_` secrets that are still good; a message signed with any of them is accepted. */
  readonly secrets: readonly string[];
  /** The receiver's time in milliseconds since the Unix epoch, such as `Date.now()`. */
  readonly nowMs: number;
  /** How old or how far ahead the timestamp may be, in milliseconds. Default 300,000. */
  readonly toleranceMs?: number | undefined;
}

/** The part of `Headers` that is used, whoever made it. */
interface WhatwgHeaders {
  get(name: string): string | null;
}

/** A message that surely came from whoever holds the secret. */
export interface VerifiedWebhook {
  /** The same for each repeat of a message: whoever keeps the ids can drop repeats. */
  readonly id: string;
  /** When it was sent, in whole seconds since the Unix epoch. */
  readonly timestamp: number;
  /** The parsed JSON body, its shape not checked. */
  readonly payload: unknown;
}

/** Why a message is not accepted. */
export type WebhookVerificationReason =
  | 'header_missing'
  | 'id_invalid'
  | 'timestamp_invalid'
  | 'too_old'
  | 'too_new'
  | 'no_match'
  | 'payload_invalid';

/** The message is not to be trusted, and `reason` says why. Answer with a status of 400 or 401. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
  readonly reason: WebhookVerificationReason;

  constructor(reason: WebhookVerificationReason) {
    super(meanings[reason]);
    this.reason = reason;
  }
}

const meanings: Readonly<Record<WebhookVerificationReason, string>> = {
  header_missing: 'A webhook-id, webhook-timestamp or webhook-signature header is missing.',
  id_invalid: 'The webhook-id may not hold a full stop.',
  timestamp_invalid: 'The webhook-timestamp is not whole seconds.',
  too_old: 'The webhook-timestamp is too old.',
  too_new: 'The webhook-timestamp is too far ahead.',
  no_match: 'No signature matches.',
  payload_invalid: 'The signature matches, and the body is not JSON in UTF-8.',
};

/**
 * Checks a received message and parses it (Standard Webhooks 1.0, HMAC-SHA256). Takes the same time whichever
 * signature is wrong, and parses nothing that is not signed.
 *
 * @throws WebhookVerificationError when the message is not to be trusted.
 * @throws GuestpassError `config_invalid` when a secret is not usable.
 * @example
 * const { id, payload } = verifyWebhook({ headers: request.headers, body, secrets, nowMs: Date.now() });
 */
export function verifyWebhook(options: VerifyWebhookOptions): VerifiedWebhook {
  const { headers, body, secrets, nowMs, toleranceMs = 300_000 } = options;
  const keys = parseSecrets(secrets);
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  if (!id || !timestamp || !signatures) throw new WebhookVerificationError('header_missing');
  // It separates the signed fields; in the id it would let them be shifted.
  if (id.includes('.')) throw new WebhookVerificationError('id_invalid');

  const reason = refuseTimestamp(timestamp, { nowMs, toleranceMs });
  if (reason) throw new WebhookVerificationError(reason);
  const expected = keys.map((key: KeyObject) => signatureOf(key, { id, timestamp, body }));
  if (!anyEqual(signatures.split(' '), expected)) throw new WebhookVerificationError('no_match');

  return { id, timestamp: Number(timestamp), payload: parse(body) };
}

function headerOf(headers: VerifyWebhookOptions['headers'], name: string): string | undefined {
  if (isWhatwg(headers)) return headers.get(name) ?? undefined;
  const found = Object.keys(headers).find((key) => key.toLowerCase() === name);
  const value = found === undefined ? undefined : headers[found];
  return typeof value === 'string' ? value : value?.join(' ');
}

function isWhatwg(headers: VerifyWebhookOptions['headers']): headers is WhatwgHeaders {
  return typeof headers.get === 'function';
}

function refuseTimestamp(
  timestamp: string,
  { nowMs, toleranceMs }: { readonly nowMs: number; readonly toleranceMs: number },
): WebhookVerificationReason | undefined {
  if (!/^[0-9]{1,12}$/.test(timestamp)) return 'timestamp_invalid';
  // In whole seconds, as it was stamped.
  const ageMs = (Math.floor(nowMs / 1000) - Number(timestamp)) * 1000;
  if (ageMs > toleranceMs) return 'too_old';
  if (-ageMs > toleranceMs) return 'too_new';
  return undefined;
}

/** Compares each pair to its end. Signatures of unknown versions equal none. */
function anyEqual(given: readonly string[], expected: readonly string[]): boolean {
  let found = false;
  for (const one of given) {
    const bytes = Buffer.from(one);
    for (const other of expected) {
      const wanted = Buffer.from(other);
      if (bytes.length === wanted.length && timingSafeEqual(bytes, wanted)) found = true;
    }
  }
  return found;
}

function parse(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's own error quotes the body.
    throw new WebhookVerificationError('payload_invalid');
  }
}
