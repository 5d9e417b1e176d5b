import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gatewaySettings } from '@guestpass/gateway/config';
import { GuestpassError } from 'guestpass';
import { readSettings } from 'guestpass/settings';
import { generateWebhookSecret, parseWebhookSecret } from 'guestpass/webhook';
import { variablesIn } from '../settings/load-config.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

/** Who is told, and by what secret. */
export interface WebhookAccess {
  readonly secret: string;
  /** The receiver of the settings, when there is one. */
  readonly url: string | undefined;
}

/** Where the secret is kept that no setting names. */
const defaultSecretFile = '.guestpass/listen-secret';

const { webhookUrl, webhookSecret } = gatewaySettings;

/**
 * The secret of a file that was named, else that of the settings, else one that is kept beside the gateway's own files
 * and made when it is not there. Throws `config_invalid`, and never repeats a secret.
 */
export function readWebhookAccess(
  surroundings: Pick<Surroundings, 'env' | 'readFile' | 'isOpenToOthers'>,
  secretFile: string | undefined,
): WebhookAccess {
  const { readFile } = surroundings;
  const { values, faults } = readSettings({ webhookUrl, webhookSecret }, variablesIn(surroundings), { readFile });
  if (faults.length > 0) throw new GuestpassError('config_invalid', 'The settings are not usable.', { faults });
  const configured = secretFile === undefined ? values.webhookSecret : undefined;
  return { secret: configured ?? keptSecret(secretFile ?? defaultSecretFile, readFile), url: values.webhookUrl };
}

function keptSecret(path: string, readFile: Surroundings['readFile']): string {
  const kept = textOf(path, readFile);
  if (kept === undefined) return newSecret(path);
  try {
    parseWebhookSecret(kept);
    return kept;
  } catch {
    throw misuse('--secret-file', 'holds no secret of Standard Webhooks', 'Remove the file to have one made.');
  }
}

function textOf(path: string, readFile: Surroundings['readFile']): string | undefined {
  try {
    return readFile(path).trim();
  } catch (error) {
    if (codeOf(error) === ' (ENOENT)') return undefined;
    throw misuse('--secret-file', `cannot be read${codeOf(error)}`, 'Name a readable file.');
  }
}

function newSecret(path: string): string {
  const secret = generateWebhookSecret();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    return secret;
  } catch (error) {
    throw misuse(
      '--secret-file',
      `cannot be written${codeOf(error)}`,
      'Name another file, or set GUESTPASS_WEBHOOK_SECRET.',
    );
  }
}
