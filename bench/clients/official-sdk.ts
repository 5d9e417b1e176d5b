import { createRequire } from 'node:module';
import type { Client } from '../contract.ts';
import { guestsPath, payload } from '../payload.ts';

/** Genesys' own JavaScript SDK: one login, then its generic call. */
export async function officialSdkClient(url: string): Promise<Client> {
  const { ApiClient } = createRequire(import.meta.url)('purecloud-platform-client-v2');
  const { hostname, port } = new URL(url);
  const client = ApiClient.instance;
  client.config.live_reload_config = false;
  client.config.setGateway({ host: hostname, protocol: 'http', port: Number(port) });
  await client.loginClientCredentialsGrant('sim-client', 'sim-secret');
  const json = ['application/json'];
  return {
    async guest() {
      const auth = ['PureCloud OAuth'];
      const answer = await client.callApi(guestsPath, 'POST', {}, {}, {}, {}, payload, auth, json, json);
      if (!answer.guestId) throw new Error('no guest');
    },
    close: async () => {},
  };
}
