import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { GuestpassError } from '../errors.ts';

const prefix = 'whsec_';
const fewestBytes = 24;
const mostBytes = 64;

/**
 * The key in a Standard Webhooks secret: base64 of 24 to 64 bytes after `whsec_`, which may be left out. A key object
 * shows nothing of its bytes when logged.
 *
 * @throws GuestpassError `config_invalid` when the text is no such secret; the error does not repeat it.
 */
export function parseWebhookSecret(secret: string): KeyObject {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  const bytes = Buffer.from(text, 'base64');
  // The decoder passes over what it does not know; only what it gives back is base64.
  const base64 = bytes.toString('base64');
  if (text === '' || (text !== base64 && text !== base64.replace(/=+$/, ''))) {
    throw new GuestpassError('config_invalid', `A webhook secret is not ${prefix} and base64.`, { remedy });
  }
  if (bytes.length < fewestBytes || bytes.length > mostBytes) {
    const detail = `A webhook secret has ${bytes.length} bytes, which is not ${fewestBytes} to ${mostBytes}.`;
    throw new GuestpassError('config_invalid', detail, { remedy });
  }
  return createSecretKey(bytes);
}

/** A fresh random secret of 32 bytes, as `whsec_` and base64. */
export function generateWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

const remedy = 'Generate a new secret, and give it to the receiver as it is.';
