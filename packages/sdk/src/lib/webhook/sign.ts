import { createHmac, type KeyObject } from 'node:crypto';
import { GuestpassError } from '../errors.ts';
import { parseWebhookSecret } from './secret.ts';

/** A message of which each attempt sends the same id and the same bytes. */
export interface WebhookMessage {
  /** 1 to 128 letters, digits, `_` or `-`. A receiver tells repeats by it. */
  readonly id: string;
  /** The exact bytes that are sent; a string stands for its UTF-8. */
  readonly body: string | Uint8Array;
}

/** With what a message is signed, and when. */
export interface SignOptions {
  /** The active `whsec_` secrets, newest first; each makes a signature, so that receivers can change over one by one. */
  readonly secrets: readonly string[];
  /** When this attempt is made, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** The headers of Standard Webhooks 1.0. An alias, since a record of headers, as `fetch` takes it, takes no interface. */
export type WebhookHeaders = {
  readonly 'webhook-id': string;
  /** Whole seconds since the Unix epoch. */
  readonly 'webhook-timestamp': string;
  /** `v1,` and base64, one for each secret, separated by spaces. */
  readonly 'webhook-signature': string;
};

/**
 * Signs one attempt to deliver a message (Standard Webhooks 1.0, HMAC-SHA256).
 *
 * @throws GuestpassError `config_invalid` when a secret or the id is not usable, or when there is no secret.
 */
export function signWebhook({ id, body }: WebhookMessage, { secrets, nowMs }: SignOptions): WebhookHeaders {
  if (!idShape.test(id)) throw new GuestpassError('config_invalid', 'A webhook id has the wrong length or characters.');
  const keys = parseSecrets(secrets);
  const timestamp = String(Math.floor(nowMs / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => signatureOf(key, { id, timestamp, body })).join(' '),
  };
}

/** @throws GuestpassError `config_invalid` */
export function parseSecrets(secrets: readonly string[]): readonly KeyObject[] {
  if (secrets.length === 0) throw new GuestpassError('config_invalid', 'There is no webhook secret.');
  return secrets.map(parseWebhookSecret);
}

/** The signature by one key over `id.timestamp.body`. No `.` may stand in the first two, or fields could be shifted. */
export function signatureOf(
  key: KeyObject,
  { id, timestamp, body }: WebhookMessage & { readonly timestamp: string },
): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}

const idShape = /^[A-Za-z0-9_-]{1,128}$/;
