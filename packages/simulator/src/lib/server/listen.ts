import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { systemClock } from '../clock.ts';
import type { Wire } from '../faults/wire.ts';
import { openDevelopmentCa } from '../tls/development-ca.ts';
import { serverNames } from '../tls/server-names.ts';
import { type Connections, watchConnections } from './connections.ts';
import { createSecureServer, type Proof } from './secure-server.ts';
import { createSocketWire } from './socket-wire.ts';
import { type AnswerUpgrade, createUpgrades } from './upgrade.ts';

export interface ListenOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`: nobody but this machine. */
  readonly host?: string;
  /**
   * Speaks `https` and `wss` alone, by a certificate of a development CA that clients have to trust. `true` makes a CA
   * that is written nowhere; it ends with this port. Default `false`.
   */
  readonly tls?: boolean | TlsOptions;
}

/** How a port speaks TLS. */
export interface TlsOptions {
  /**
   * Where the development CA is kept, to be trusted again the next time: `ca.pem`, and its key in `ca-key.pem`, for its
   * owner alone. Made when it is not there. Default: kept nowhere.
   */
  readonly directory?: string;
  /**
   * Names the certificate is good for beside `localhost`, `127.0.0.1`, `::1` and the address listened on; `*.sim.test`
   * stands for `login.sim.test`, `api.sim.test` and `webmessaging.sim.test`. It does not make them resolve. Default: none.
   */
  readonly names?: readonly string[];
}

/** The authority a client has to trust. */
export interface ListeningCa {
  /** Its certificate, as PEM. */
  readonly pem: string;
  /** The file it stands in, for `NODE_EXTRA_CA_CERTS`; absent when it is kept nowhere. */
  readonly path?: string;
}

/** The simulator on a port. */
export interface Listening {
  /** Origin to ask, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Who vouches for the port, where it speaks TLS. */
  readonly ca?: ListeningCa;
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

/**
 * Serves on a port. Rejects with the system's error, such as `EADDRINUSE`, when it cannot, and with a `TypeError` for a
 * name no certificate can have or a file that is no development CA.
 */
export async function listenOn(served: Served, options: ListenOptions): Promise<Listening> {
  const { port = 0, host = '127.0.0.1' } = options;
  const proof = await openProof(options, host);
  const server = await createServerFor(proof, (incoming, outgoing) => {
    return served.take(incoming, outgoing, url) ? undefined : answer(incoming, outgoing);
  });
  const connections = watchConnections(server);
  const answer = requestListener(served, connections);
  server.on('upgrade', createUpgrades(served.upgrade, connections).take);
  const bound = await bind(server, port, host);
  const url = `${proof ? 'https' : 'http'}://${reachable(host)}:${bound}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    port: bound,
    ...(proof && { ca: caOf(proof) }),
    close() {
      closing ??= closeServer(server, connections);
      return closing;
    },
  };
}

async function openProof({ tls = false }: ListenOptions, host: string): Promise<Proof | undefined> {
  if (tls === false) return undefined;
  const { directory, names = [] } = tls === true ? {} : tls;
  const all = serverNames(host, names);
  return { ca: await openDevelopmentCa(directory, systemClock.now), names: all, clock: systemClock };
}

function caOf({ ca: { pem, path } }: Proof): ListeningCa {
  return path === undefined ? { pem } : { pem, path };
}

async function createServerFor(proof: Proof | undefined, listener: RequestListener): Promise<Server> {
  const options = { ...timeouts, shouldUpgradeCallback: asksForSocket };
  return proof ? createSecureServer(proof, options, listener) : createServer(options, listener);
}

async function bind(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return portOf(server);
}

/** Anything else is answered as if it asked for no upgrade, such as a client that offers HTTP/2 on every request. */
function asksForSocket({ headers, url = '' }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && /^\/v1(?:\?|$)/.test(url);
}

function requestListener(served: Served, connections: Connections) {
  const answer = async (request: Request, bindings: HttpBindings | Http2Bindings) => {
    // The server above speaks HTTP/1 alone.
    const { incoming, outgoing } = bindings as HttpBindings;
    try {
      return await served.answer(request, createSocketWire(incoming, outgoing, connections));
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

function closeServer(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    connections.end();
  });
}
