import type { GatewayConfig } from './settings/config.ts';
import type { EndpointStore } from './store/endpoints.ts';

/** The receiver of the configuration has the secret of the configuration; those made by operators stand beside it. */
export async function ensureEndpoint(
  endpoints: Pick<EndpointStore, 'ensure'>,
  { webhook }: Pick<GatewayConfig, 'webhook'>,
  nowMs: number,
): Promise<void> {
  if (webhook) await endpoints.ensure({ ...webhook, description: 'from the configuration' }, nowMs);
}
