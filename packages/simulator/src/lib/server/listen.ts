import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Wire } from '../faults/wire.ts';
import { createSocketWire } from './socket-wire.ts';
import { type AnswerUpgrade, createUpgrades, type Upgrades } from './upgrade.ts';

export interface ListenOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`: nobody but this machine. */
  readonly host?: string;
}

/** The simulator on a port. */
export interface Listening {
  /** Origin to ask, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Stops accepting and ends every connection at once, also those in use. May be called again. */
  close(): Promise<void>;
}

/** What a port serves. */
export interface Served {
  answer(request: Request, wire: Wire): Promise<Response>;
  /** Answers where `answer` could not, such as a request whose `Host` names no host. */
  fail(error: unknown): Response;
  readonly upgrade: AnswerUpgrade;
  /** Answers what needs the request of Node.js itself, at a port with this origin, and returns whether it did. */
  take(incoming: IncomingMessage, outgoing: ServerResponse, baseUrl: string): boolean;
}

const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000 };

/** Serves on a port. Rejects with the system's error, such as `EADDRINUSE`, when it cannot. */
export async function listenOn(served: Served, { port = 0, host = '127.0.0.1' }: ListenOptions): Promise<Listening> {
  const answer = requestListener(served);
  const server = createServer({ ...timeouts, shouldUpgradeCallback: asksForSocket }, (incoming, outgoing) => {
    return served.take(incoming, outgoing, url) ? undefined : answer(incoming, outgoing);
  });
  const upgrades = createUpgrades(served.upgrade);
  server.on('upgrade', upgrades.take);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = portOf(server);
  const url = `http://${reachable(host)}:${bound}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    port: bound,
    close() {
      closing ??= closeServer(server, upgrades);
      return closing;
    },
  };
}

/** Anything else is answered as if it asked for no upgrade, such as a client that offers HTTP/2 on every request. */
function asksForSocket({ headers, url = '' }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && /^\/v1(?:\?|$)/.test(url);
}

function requestListener(served: Served) {
  const answer = async (request: Request, bindings: HttpBindings | Http2Bindings) => {
    // The server above speaks HTTP/1 alone.
    const { incoming, outgoing } = bindings as HttpBindings;
    try {
      return await served.answer(request, createSocketWire(incoming, outgoing));
    } catch (error) {
      // The caller is gone, and nobody is left to be told.
      if (outgoing.destroyed || incoming.socket.destroyed) return RESPONSE_ALREADY_SENT;
      throw error;
    }
  };
  return getRequestListener(answer, {
    overrideGlobalObjects: false,
    errorHandler: (error) => served.fail(error),
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port.');
  return address.port;
}

/** A wildcard address is listened on, not asked. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function closeServer(server: Server, upgrades: Upgrades): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    // The server no longer knows a connection that became a socket.
    upgrades.end();
  });
}
