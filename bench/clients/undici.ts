import { Pool } from 'undici';
import type { Client } from '../contract.ts';
import { guestsPath, payload } from '../payload.ts';

/** The yardstick: undici's `request` on a pool, the payload written and the answer parsed, and nothing else. */
export function undiciClient(url: string, connections: number): Client {
  const pool = new Pool(url, { connections });
  const headers = {
    authorization: 'Bearer bench-token-0123456789',
    'content-type': 'application/json',
    accept: 'application/json',
  };
  return {
    async guest() {
      const body = JSON.stringify(payload);
      const response = await pool.request({ path: guestsPath, method: 'POST', headers, body });
      const { guestId } = JSON.parse(await response.body.text());
      if (response.statusCode !== 201 || !guestId) throw new Error(`status ${response.statusCode}`);
    },
    close: () => pool.close(),
  };
}
