import type { Server } from 'node:http';

/** Where a server listens. */
export interface Place {
  /** Origin to ask, without a trailing slash. */
  readonly url: string;
  readonly port: number;
}

/** Binds a server to a port; 0 is any free one. Rejects with the system's error, such as `EADDRINUSE`. */
export async function listen(server: Server, port: number, host: string): Promise<Place> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port.');
  return { url: `http://${reachable(host)}:${address.port}`, port: address.port };
}

/** A wildcard address is listened on, not asked. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
