import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server as they came, below TLS where it speaks that. */
export interface Connections {
  /** Resets the connection that carries this socket. */
  reset(socket: Socket): void;
  /** Breaks every connection, also those that are upgraded or in a handshake. */
  end(): void;
}

export function watchConnections(server: Server): Connections {
  const open = new Map<string, Socket>();
  server.on('connection', (connection: Socket) => {
    const peer = peerOf(connection);
    open.set(peer, connection);
    connection.once('close', () => open.delete(peer));
  });
  return {
    reset(socket) {
      // A TLS socket of Node.js cannot be reset itself.
      open.get(peerOf(socket))?.resetAndDestroy();
    },
    end() {
      for (const connection of open.values()) connection.destroy();
    },
  };
}

function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return JSON.stringify([remoteAddress, remotePort, localAddress]);
}
