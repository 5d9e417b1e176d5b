import { connect, type Socket } from 'node:net';

/** A caller that writes bytes as it likes. */
export interface RawCaller {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** Resolves with all that was received so far once `until` is in it. */
  received(until: string): Promise<string>;
  /** Resolves with all that was ever received once the other side has closed. */
  closed(): Promise<string>;
  [Symbol.dispose](): void;
}

/** Connects to a port of this machine. Errors of the socket count as its end. */
export async function callRaw(port: number): Promise<RawCaller> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    received(until) {
      return new Promise((resolve, reject) => {
        const look = () => {
          if (!text.includes(until)) return;
          socket.off('data', look);
          resolve(text);
        };
        socket.on('data', look);
        void ended.then(() => reject(new Error(`The connection was closed before ${until} came: ${text}`)));
        look();
      });
    },
    async closed() {
      await ended;
      return text;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Sends bytes and returns all that comes until the other side closes. */
export async function exchangeRaw(port: number, bytes: string | Uint8Array): Promise<string> {
  using caller = await callRaw(port);
  caller.write(bytes);
  return await caller.closed();
}
