import type { Server } from 'node:http';
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
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of connections) letEnd(connection);
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

function letEnd({ socket, open }: Connection): void {
  const last = [...open].at(-1);
  if (last) {
    if (!last.headersSent) last.setHeader('Connection', 'close');
    last.once('close', () => socket.destroySoon());
  } else if (socket.bytesRead === 0) {
    // Node closes connections that rest between requests, and waits for those that never sent one.
    socket.destroy();
  }
}
