import { dirname } from 'node:path';
import type { GatewayConfig } from './config.ts';

/**
 * Where keys are kept that were not configured: beside the data they protect and not in it, so that a copy of the
 * database alone shows nothing.
 */
export function dataDirectory({ storage }: Pick<GatewayConfig, 'storage'>): string {
  return 'directory' in storage ? dirname(storage.directory) : '.guestpass';
}
