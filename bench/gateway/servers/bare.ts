import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Pool } from 'undici';
import { guestsPath } from '../../payload.ts';

/** The yardstick: a handler that passes the guest on to the platform and the answer back, and does nothing else. */
export async function createBare(platformUrl: string) {
  const pool = new Pool(platformUrl, { connections: 64 });
  const headers = { authorization: 'Bearer bench-token-0123456789', 'content-type': 'application/json' };
  const app = new Hono();
  app.post('/v1/guests', async (c) => {
    const body = JSON.stringify(await c.req.json());
    const answer = await pool.request({ path: guestsPath, method: 'POST', headers, body });
    return c.json(JSON.parse(await answer.body.text()), 201);
  });
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A cast, because a server that listens on a port has one.
  const { port } = server.address() as AddressInfo;
  return {
    ready: { url: `http://127.0.0.1:${port}` },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.close();
    },
  };
}
