import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from 'guestpass';
import { rangesOf } from '../settings/network.ts';

/** One socket and what is under way on it. */
export interface Connection {
  readonly socket: Socket;
  /** Answers not yet sent, oldest first. */
  readonly open: ReadonlySet<ServerResponse>;
  /** True when nothing more that comes on it is looked at. */
  condemned: boolean;
  /** Why its first request is turned away, when there are too many connections. */
  readonly excess: Excess | undefined;
  /** True while part of a request has not arrived. */
  readonly isReceiving: boolean;
  /** Counts a request as under way, and returns how many there have been. */
  begin(incoming: IncomingMessage, outgoing: ServerResponse): number;
}

/** Of what there are too many: connections of one address, or connections in all. */
export type Excess = 'address' | 'all';

export interface ConnectionsOptions {
  readonly clock: Clock;
  /** Connections in all. */
  readonly max: number;
  /** Connections from one address, or one IPv6 /64. */
  readonly maxPerAddress: number;
  /** Addresses to which that does not apply. */
  readonly isTrusted: (address: string) => boolean;
  /** Told of the address of a connection that was ended without an answer, because there are too many. */
  readonly onTooMany: (address: string) => void;
}

/** The sockets of a server. */
export interface Connections {
  /**
   * Takes a new socket in. Of those that are too many, some may still ask once and are told so; the others are ended.
   */
  accept(socket: Socket): void;
  of(socket: Socket): Connection | undefined;
  [Symbol.iterator](): Iterator<Connection>;
}

export function createConnections(options: ConnectionsOptions): Connections {
  const { clock, max, maxPerAddress, isTrusted, onTooMany } = options;
  const connections = new Map<Socket, Connection>();
  const perAddress = new Map<string, number>();

  const count = (address: string, change: 1 | -1) => {
    const next = (perAddress.get(address) ?? 0) + change;
    if (next > 0) perAddress.set(address, next);
    else perAddress.delete(address);
    return next;
  };

  const excessOf = (held: number, trusted: boolean): Excess | undefined => {
    if (connections.size >= max) return 'all';
    return held > maxPerAddress && !trusted ? 'address' : undefined;
  };

  return {
    accept(socket) {
      const peer = socket.remoteAddress ?? '';
      const address = rangesOf(peer).single;
      const held = count(address, 1);
      const excess = excessOf(held, isTrusted(peer));
      const connection = createConnection(socket, excess);
      connections.set(socket, connection);
      socket.once('close', () => {
        connections.delete(socket);
        count(address, -1);
      });
      closeGently(connection, clock);
      const end = () => {
        if (connection.condemned) return;
        onTooMany(peer);
        connection.condemned = true;
        socket.destroy();
      };
      if (excess === 'address' && held > 2 * maxPerAddress) end();
      else if (excess) socket.once('close', clock.after(excessMs, end));
    },
    of: (socket) => connections.get(socket),
    [Symbol.iterator]: () => connections.values(),
  };
}

function createConnection(socket: Socket, excess: Excess | undefined): Connection {
  const open = new Set<ServerResponse>();
  let latest: IncomingMessage | undefined;
  let requests = 0;
  return {
    socket,
    open,
    condemned: false,
    excess,
    get isReceiving() {
      return latest !== undefined && !latest.complete;
    },
    begin(incoming, outgoing) {
      latest = incoming;
      open.add(outgoing);
      outgoing.once('close', () => open.delete(outgoing));
      requests += 1;
      return requests;
    },
  };
}

/** How long one connection too many may take to ask, in milliseconds. */
const excessMs = 2_000;

const gentleMs = 500;

/**
 * A socket that is closed while the caller still sends is reset, and the reset can overtake the answer. So what comes
 * after the answer is read and dropped until the caller has seen the end, for half a second at most.
 */
function closeGently(connection: Connection, clock: Clock): void {
  const { socket } = connection;
  const destroySoon = socket.destroySoon.bind(socket);
  let closing = false;
  socket.destroySoon = () => {
    if (closing || socket.readableEnded || !(connection.condemned || connection.isReceiving)) return destroySoon();
    closing = true;
    const cancel = clock.after(gentleMs, () => socket.destroy());
    socket.once('end', destroySoon);
    socket.once('close', cancel);
    socket.end();
  };
}
