import type { Server } from 'node:http';
import { Server as TcpServer } from 'node:net';
import type { Clock } from 'guestpass';
import type { Connection, Connections } from './connections.ts';

export interface DrainOptions {
  readonly server: Server;
  readonly connections: Connections;
  readonly clock: Clock;
}

/** The end of a listener. */
export interface Drain {
  /** True once it has begun. */
  readonly begun: boolean;
  /** Lets what is under way end, cuts the rest after `graceMs`, and resolves with how many connections were cut. */
  run(graceMs: number): Promise<number>;
}

export function createDrain({ server, connections, clock }: DrainOptions): Drain {
  let closed: Promise<void> | undefined;
  let cut = 0;

  const begin = () => {
    const ended = stopListening(server);
    for (const connection of connections) letEnd(connection, clock);
    return ended;
  };

  const cutAll = () => {
    for (const { socket } of connections) {
      cut += 1;
      socket.destroy();
    }
  };

  return {
    get begun() {
      return closed !== undefined;
    },
    async run(graceMs) {
      closed ??= begin();
      const cancel = graceMs > 0 ? clock.after(graceMs, cutAll) : cutAll();
      await closed;
      cancel?.();
      return cut;
    },
  };
}

/**
 * The HTTP server would also reset connections that rest, with requests on them that it has not read yet. It is asked
 * last, when there are none left, to end its own timer.
 */
async function stopListening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => TcpServer.prototype.close.call(server, () => resolve()));
  // Its only complaint is that it does not listen any more.
  server.close(() => {});
}

/** How long what a caller has sent may take to be read, in milliseconds. */
const momentMs = 200;

function letEnd({ socket, open }: Connection, clock: Clock): void {
  const last = [...open].at(-1);
  if (last) {
    if (!last.headersSent) last.setHeader('Connection', 'close');
    last.once('close', () => socket.destroySoon());
    return;
  }
  // Nothing is under way as far as we know; a request may have come that is not read yet, and then gets its answer.
  const read = socket.bytesRead;
  const cancel = clock.after(momentMs, () => {
    if (socket.bytesRead === read) socket.destroy();
  });
  socket.once('close', cancel);
}
