import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isBodiless, type ScriptedAnswer } from '../faults/wire.ts';
import type { Handshake, Line } from '../messaging/line.ts';
import { requestBytesMax } from '../request-body.ts';
import type { Connections } from './connections.ts';

/** The sockets of one port. */
export interface Upgrades {
  /** Takes the arguments of a server's `upgrade` event. */
  take(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Decides about one upgrade. */
export type AnswerUpgrade = (request: Request, handshake: Handshake) => Promise<void>;

export function createUpgrades(answer: AnswerUpgrade, connections: Connections): Upgrades {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: requestBytesMax });
  return {
    take(incoming, socket, head) {
      const gone = new AbortController();
      socket.once('close', () => gone.abort());
      // A peer that breaks the connection is no malfunction: `close` follows and tells it.
      socket.on('error', () => {});
      const request = requestOf(incoming, gone.signal);
      if (!request) {
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
        return;
      }
      const accept = (opened: (line: Line) => void) => {
        server.handleUpgrade(incoming, socket, head, (webSocket) => opened(lineOf(webSocket, incoming)));
      };
      const refuse = (scripted: ScriptedAnswer) => write(socket, scripted);
      answer(request, { accept, refuse, reset: () => connections.reset(incoming.socket) }).catch((error: unknown) => {
        socket.destroy();
        // Nobody is there to be told when the caller is gone; anything else is a malfunction.
        if (!gone.signal.aborted) throw error;
      });
    },
  };
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  const url = URL.parse(`${scheme}://${incoming.headers.host ?? ''}${incoming.url ?? ''}`);
  if (!url) return undefined;
  // No `Request` is made of an address with credentials.
  if (url.username !== '' || url.password !== '') return undefined;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return new Request(url, { headers, signal });
}

function lineOf(webSocket: WebSocket, { socket }: IncomingMessage): Line {
  return {
    send: (text) => webSocket.send(text),
    close: () => webSocket.close(1000),
    drop: () => socket.destroySoon(),
    listen({ received, closed }) {
      webSocket.on('message', (data, isBinary) => received(isBinary ? undefined : data.toString()));
      webSocket.once('close', closed);
      // What is no frame, or too large a one, ends the connection: `close` follows and tells it.
      webSocket.on('error', () => {});
    },
  };
}

function write(socket: Duplex, { status, headers, body, declaredLength }: ScriptedAnswer): void {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = isBodiless(status) ? '' : `Content-Length: ${declaredLength}\r\n`;
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines}${length}Connection: close\r\n\r\n`);
  socket.end(isBodiless(status) ? undefined : body);
}
