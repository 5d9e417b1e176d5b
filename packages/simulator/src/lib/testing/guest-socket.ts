import WebSocket from 'ws';

/** A frame of the server, as parsed. */
export interface Heard {
  readonly type: string;
  readonly class: string;
  readonly code: number;
  readonly body: unknown;
  readonly tracingId?: string;
}

/** A guest's socket that keeps what it hears until it is asked for. */
export interface GuestSocket extends Disposable {
  say(frame: object | string): void;
  /** The next frame, in order; fails when the socket ends before one comes. */
  next(): Promise<Heard>;
  /** Frames that came and were not asked for. */
  readonly heard: readonly Heard[];
  /** Resolves with the code the socket was closed with. */
  readonly closed: Promise<number>;
}

export interface GuestSocketOptions {
  readonly deploymentId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Opens a socket at a port. Rejects with `HTTP <status>` when the upgrade is refused. */
export async function openSocket(port: number, options: GuestSocketOptions = {}): Promise<GuestSocket> {
  const { deploymentId = 'demo', headers = {} } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1?deploymentId=${deploymentId}`, { headers });
  const heard: Heard[] = [];
  const waiting: PromiseWithResolvers<Heard>[] = [];
  const closed = Promise.withResolvers<number>();
  const opened = Promise.withResolvers<void>();
  socket.on('open', () => opened.resolve());
  socket.on('error', (error) => opened.reject(error));
  socket.on('unexpected-response', (_, response) => {
    response.resume();
    opened.reject(new Error(`HTTP ${response.statusCode}`, { cause: response.headers }));
    socket.terminate();
  });
  socket.on('message', (data) => {
    // What the simulator sends is read by tests alone, which fail on its fields.
    const frame = JSON.parse(data.toString()) as Heard;
    const next = waiting.shift();
    if (next) next.resolve(frame);
    else heard.push(frame);
  });
  socket.on('close', (code) => {
    closed.resolve(code);
    for (const next of waiting.splice(0)) next.reject(new Error(`closed with ${code}`));
  });
  await opened.promise;
  return {
    say: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    next() {
      const frame = heard.shift();
      if (frame) return Promise.resolve(frame);
      const next = Promise.withResolvers<Heard>();
      if (socket.readyState === WebSocket.CLOSED) next.reject(new Error('closed'));
      else waiting.push(next);
      return next.promise;
    },
    heard,
    closed: closed.promise,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
