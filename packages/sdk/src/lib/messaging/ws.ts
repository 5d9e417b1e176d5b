import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { classifyFailure } from '../http/failure.ts';
import { createInbox } from './inbox.ts';
import { type Closed, type Connection, type OpenOptions, type Transport, TransportError } from './transport.ts';

/** What sockets of Node may take. */
export interface WsTransportOptions {
  /** A larger frame ends the connection. Default 1,048,576 bytes. */
  readonly maxFrameBytes?: number | undefined;
  /** How long the other side may take to answer our close, in milliseconds. Default 1,000. */
  readonly closeTimeoutMs?: number | undefined;
}

/** WebSockets of Node by `ws`, which can send an `Origin` and shows why an upgrade was refused. */
export function wsTransport({ maxFrameBytes = 1_048_576, closeTimeoutMs = 1000 }: WsTransportOptions = {}): Transport {
  return async (url, { headers, signal } = {}) => {
    if (signal?.aborted) throw new TransportError('aborted', { cause: signal.reason });
    const limits = { maxPayload: maxFrameBytes, closeTimeout: closeTimeoutMs, perMessageDeflate: false };
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, { ...limits, ...(headers && { headers: { ...headers } }) });
    } catch {
      // The error quotes the address.
      throw new TransportError('invalid_url', { permanent: true });
    }
    return connect(socket, signal);
  };
}

/** More frames than this are left on the wire until the reader has caught up. */
const heldFrames = 256;

function connect(socket: WebSocket, signal: OpenOptions['signal']): Promise<Connection> {
  const inbox = createInbox(() => {
    if (socket.isPaused && inbox.size === 0) socket.resume();
  });
  const closed = Promise.withResolvers<Closed>();
  socket.on('message', (data, isBinary) => {
    if (isBinary) return socket.close(1003);
    inbox.put(data.toString());
    if (inbox.size >= heldFrames) socket.pause();
  });
  socket.on('close', (code, reason) => {
    inbox.end();
    closed.resolve({ code, reason: reason.toString() });
  });
  // The end of a connection is told by its close; before it is open, `opened` listens too.
  socket.on('error', () => {});
  return opened(socket, signal).then((headers) => ({
    headers,
    frames: inbox.texts,
    closed: closed.promise,
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close(code = 1000) {
      // A paused socket would not see the answer to our close.
      if (socket.isPaused) socket.resume();
      socket.close(code);
    },
  }));
}

type Headers = Readonly<Record<string, string>>;

/** Resolves with the headers of the upgrade. */
function opened(socket: WebSocket, signal: OpenOptions['signal']): Promise<Headers> {
  const promise = Promise.withResolvers<Headers>();
  let headers: Headers = {};
  const giveUp = () => {
    promise.reject(new TransportError('aborted', { cause: signal?.reason }));
    socket.terminate();
  };
  socket.on('upgrade', (response) => {
    headers = headersOf(response);
  });
  socket.once('open', () => promise.resolve(headers));
  socket.once('unexpected-response', (_, response) => {
    const { statusCode: status = 0 } = response;
    promise.reject(new TransportError('upgrade_refused', { status, headers: headersOf(response) }));
    response.destroy();
    socket.terminate();
  });
  socket.once('error', (cause) => {
    const { failure, permanent } = classifyFailure(cause);
    promise.reject(new TransportError(failure, { permanent, cause }));
  });
  signal?.addEventListener('abort', giveUp, { once: true });
  return promise.promise.finally(() => signal?.removeEventListener('abort', giveUp));
}

function headersOf({ headers }: IncomingMessage): Headers {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
