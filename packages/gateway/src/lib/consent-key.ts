import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatewayOptions } from './gateway.ts';
import { keyKeptAt } from './settings/checkpoint-key.ts';
import type { GatewayConfig } from './settings/config.ts';
import { dataDirectory } from './settings/data-directory.ts';

/** The notices of the configuration and the key for their receipts: the one configured, or one that is kept from start to start. */
export async function configuredConsent(config: GatewayConfig): Promise<GatewayOptions['consent']> {
  if (!config.consent) return undefined;
  const { notices, key } = config.consent;
  return { notices, key: key ?? (await ownKey(dataDirectory(config))) };
}

async function ownKey(directory: string) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return (await keyKeptAt(join(directory, 'consent-key.pem'))).privateKey;
}
