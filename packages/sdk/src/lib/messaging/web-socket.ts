import { createInbox } from './inbox.ts';
import { type Closed, type Connection, type Transport, TransportError } from './transport.ts';

/**
 * WebSockets of the runtime (WHATWG): browsers, and Node without `ws`. The page's own `Origin` is sent, headers cannot
 * be, and why an upgrade was refused is not told: such an error has no status.
 */
export function webSocketTransport(): Transport {
  return async (url, { signal } = {}) => {
    if (signal?.aborted) throw new TransportError('aborted', { cause: signal.reason });
    let socket: WebSocket;
    try {
      socket = new WebSocket(url);
    } catch {
      // The error quotes the address.
      throw new TransportError('invalid_url', { permanent: true });
    }
    const connection = listenTo(socket);
    await opened(socket, signal);
    return connection;
  };
}

function listenTo(socket: WebSocket): Connection {
  const inbox = createInbox();
  const closed = Promise.withResolvers<Closed>();
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') inbox.put(data);
    // 1003 may be sent by servers only (WHATWG WebSockets, close).
    else socket.close(3003);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    inbox.end();
    closed.resolve({ code, reason });
  });
  return {
    headers: {},
    frames: inbox.texts,
    closed: closed.promise,
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code = 1000) => socket.close(code),
  };
}

function opened(socket: WebSocket, signal: AbortSignal | undefined): Promise<void> {
  const promise = Promise.withResolvers<void>();
  const fail = () => promise.reject(new TransportError('network_error'));
  const giveUp = () => {
    promise.reject(new TransportError('aborted', { cause: signal?.reason }));
    socket.close();
  };
  socket.addEventListener('open', () => promise.resolve(), { once: true });
  socket.addEventListener('error', fail, { once: true });
  socket.addEventListener('close', fail, { once: true });
  signal?.addEventListener('abort', giveUp, { once: true });
  return promise.promise.finally(() => signal?.removeEventListener('abort', giveUp));
}
