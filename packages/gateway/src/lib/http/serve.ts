import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, type HttpBindings, RequestError } from '@hono/node-server';
import type { Clock } from 'guestpass';
import { type Connections, createConnections, type Excess } from './connections.ts';
import { createDrain, type Drain } from './drain.ts';
import { refuseFraming } from './framing.ts';
import { listen, type Place } from './listen.ts';
import type { Problems } from './problem.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { requestId } from './request-id.ts';
import { createTurnAway, type TurnAway, type Turned } from './turn-away.ts';

/** What one listener bears. */
export interface ServeLimits {
  /** Time for request line and headers, in milliseconds. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** Time for the whole request, body included, in milliseconds. Default 15,000. */
  readonly requestTimeoutMs: number;
  /** How often those times are looked at, in milliseconds. Default 1,000. */
  readonly timeoutCheckMs: number;
  /** How long a connection may rest between two requests, in milliseconds. Default 65,000, which outlasts common proxies. */
  readonly keepAliveMs: number;
  /** Bytes of request line and headers. Default 16,384. */
  readonly maxHeaderBytes: number;
  /** Connections in all. Default 2,000. */
  readonly maxConnections: number;
  /** Connections from one address, or one IPv6 /64. Default 100. */
  readonly maxConnectionsPerAddress: number;
  /** Requests on one connection. Default 1,000. */
  readonly maxRequestsPerConnection: number;
}

export interface ServeOptions {
  readonly clock: Clock;
  readonly problems: Problems;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly limits?: Partial<ServeLimits>;
  /** Addresses that may have any number of connections, such as our own proxies. Default none. */
  readonly isTrusted?: (address: string) => boolean;
  /** Told of each request or connection that was turned away. */
  readonly onTurned?: (turned: Turned) => void;
  /** Told of an error that the app let through. The caller gets `internal_error`. */
  readonly onError?: (error: unknown) => void;
}

/** Answers requests: the `fetch` of a Hono app. */
export type Handler = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/** A listener on its port. */
export interface Listener extends Place {
  /**
   * Stops accepting, closes what rests, lets requests under way end and turns new ones away with `shutting_down`.
   * Resolves when all connections are closed, with the number of those that had to be cut after `graceMs`. Called again,
   * it waits for the same end.
   */
  drain(options: { readonly graceMs: number }): Promise<number>;
  /** Cuts every connection at once. */
  [Symbol.asyncDispose](): Promise<void>;
}

const defaults: ServeLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  timeoutCheckMs: 1_000,
  keepAliveMs: 65_000,
  maxHeaderBytes: 16_384,
  maxConnections: 2_000,
  maxConnectionsPerAddress: 100,
  maxRequestsPerConnection: 1_000,
};

/**
 * Serves an app over HTTP/1.1. What is malformed, too large or too slow is answered as problem details by this listener
 * and never reaches the app. Rejects with the system's error, such as `EADDRINUSE`, when it cannot listen.
 */
export async function serve(handler: Handler, options: ServeOptions): Promise<Listener> {
  const { host = '127.0.0.1', port = 0, clock, problems, isTrusted = () => false, onTurned = () => {} } = options;
  const limits = { ...defaults, ...options.limits };
  const server = createServer(serverOptions(limits));
  // A few more, to be told.
  server.maxConnections = limits.maxConnections + Math.ceil(limits.maxConnections / 10);
  // The parser drops headers beyond a count of its own and tells nobody; ours refuses the request.
  server.maxHeadersCount = 0;
  const connections = createConnections({
    clock,
    max: limits.maxConnections,
    maxPerAddress: limits.maxConnectionsPerAddress,
    isTrusted,
    onTooMany: (address) => onTurned({ code: 'too_many_connections', address }),
  });
  const turnAway = createTurnAway({ clock, problems, onTurned });
  const drain = createDrain({ server, connections, clock });
  server.on('drop', (dropped) => onTurned({ code: 'too_many_connections', address: dropped?.remoteAddress ?? '' }));
  watchFaults(server, connections, turnAway);
  const respond = responder(handler, options);
  const maxRequests = limits.maxRequestsPerConnection;
  server.on('request', requestListener({ connections, turnAway, drain, respond, maxRequests }));
  const place = await listen(server, port, host);
  return {
    ...place,
    drain: ({ graceMs }) => drain.run(graceMs),
    async [Symbol.asyncDispose]() {
      await drain.run(0);
    },
  };
}

function serverOptions(limits: ServeLimits): ServerOptions {
  return {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.timeoutCheckMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // Node would answer a missing Host itself, and not in our form.
    requireHostHeader: false,
  };
}

/** What node tells beside requests. Without a listener it would answer in a form of its own. */
function watchFaults(server: Server, connections: Connections, turnAway: TurnAway): void {
  server.on('connection', (socket) => connections.accept(socket));
  server.on('clientError', (error, socket) => {
    // The server listens for TCP alone.
    const connection = connections.of(socket as Socket);
    if (connection) turnAway.giveUp(connection, error);
    else socket.destroy();
  });
  server.on('connect', ({ socket }: IncomingMessage) => {
    const connection = connections.of(socket);
    if (connection) turnAway.tell(connection, { code: 'http_malformed', detail: 'This is no proxy.' });
    socket.resume();
  });
  server.on('checkExpectation', ({ socket }: IncomingMessage, outgoing: ServerResponse) => {
    const connection = connections.of(socket);
    if (connection) connection.condemned = true;
    turnAway.answer(outgoing, { code: 'http_malformed', detail: 'The request expects what is not known here.' });
  });
}

interface Reception {
  readonly connections: Connections;
  readonly turnAway: TurnAway;
  readonly drain: Drain;
  readonly respond: RequestListener;
  readonly maxRequests: number;
}

function requestListener(reception: Reception): RequestListener {
  const { connections, turnAway, drain, respond, maxRequests } = reception;
  return (incoming, outgoing) => {
    const connection = connections.of(incoming.socket);
    // What follows a malformed request may be the body of it.
    if (!connection || connection.condemned) return;
    const requests = connection.begin(incoming, outgoing);
    // Node's own count announces the end and does not bring it about.
    if (requests === maxRequests) outgoing.setHeader('Connection', 'close');
    if (requests > maxRequests) return;
    const malformed = refuseFraming(incoming);
    if (malformed) {
      connection.condemned = true;
      turnAway.answer(outgoing, malformed);
    } else if (connection.excess) {
      connection.condemned = true;
      turnAway.answer(outgoing, tooMany[connection.excess], 'too_many_connections');
    } else if (drain.begun) {
      turnAway.answer(outgoing, { code: 'shutting_down', detail: 'This gateway takes no new requests.' });
    } else {
      respond(incoming, outgoing);
    }
  };
}

/** Asking again on a connection that is there already helps at once. */
const tooMany: Readonly<Record<Excess, Refusal>> = {
  address: {
    code: 'too_many_requests',
    detail: 'Too many connections are open from this address.',
    remedy: 'Send more requests on fewer connections.',
    retryAfterMs: 1_000,
    headers: { Connection: 'close' },
  },
  all: { code: 'overloaded', detail: 'Too many connections are open.' },
};

function responder(handler: Handler, { problems, onError }: ServeOptions): RequestListener {
  // The server speaks HTTP/1 alone, so the bindings are those of HTTP/1.
  const respond = getRequestListener((request, bindings) => handler(request, bindings as HttpBindings), {
    // HTTP/1.0 has no Host.
    hostname: 'localhost',
    overrideGlobalObjects: false,
    errorHandler(error) {
      if (error instanceof RequestError) {
        return problems.reply({ code: 'http_malformed', detail: 'The request target is not a path.' }, requestId());
      }
      onError?.(error);
      return problems.reply(refusalOf(error), requestId());
    },
  });
  return (incoming, outgoing) => void respond(incoming, outgoing);
}
