import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request as requestPlain, type ServerResponse } from 'node:http';
import { request as requestSecure } from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { connect } from 'node:tls';

/** What the command line needs of the network beside whole answers, for which there is `Exchange`. */
export interface Network {
  /** Addresses of a name. Rejects with the system's error. */
  resolve(host: string): Promise<readonly string[]>;
  /** Shakes hands over TLS, sends nothing and hangs up. Rejects with the system's error. */
  shakeHands(host: string, port: number, signal: AbortSignal): Promise<Handshake>;
  /** Sends a GET request and hands the answer over while it comes in. Rejects with the system's error. */
  stream(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<StreamedAnswer>;
  /** Listens until it is closed. Rejects with the system's error, such as `EADDRINUSE`. */
  serve(answer: Answerer, place: { readonly host: string; readonly port: number }): Promise<Serving>;
}

export interface Handshake {
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** Why the certificate is not trusted; `null` when it is. */
  readonly distrust: string | null;
  /** When the certificate ends, in milliseconds since the Unix epoch; `NaN` when it does not say. */
  readonly endsAtMs: number;
}

export interface StreamedAnswer {
  readonly status: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A request that came in, read to its end. */
export interface Received {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export type Answerer = (request: Received) => Promise<Reply>;

export interface Serving {
  readonly url: string;
  /** Takes no more requests, and waits for those under way. */
  close(): Promise<void>;
}

/** The network of this machine. Only a handshake goes on with a certificate that is not trusted. */
export const systemNetwork: Network = {
  async resolve(host) {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  },
  shakeHands: (host, port, signal) =>
    new Promise((resolve, reject) => {
      const named = isIP(host) === 0 ? { servername: host } : {};
      // To tell why a certificate is not trusted, it has to be looked at. Nothing is sent to whoever holds it.
      const socket = connect({ host, port, ...named, rejectUnauthorized: false }, () => {
        const { authorizationError } = socket;
        resolve({
          protocol: socket.getProtocol() ?? 'no protocol',
          distrust: socket.authorized ? null : String(authorizationError ?? 'unknown'),
          endsAtMs: Date.parse(socket.getPeerCertificate().valid_to),
        });
        socket.destroy();
      });
      signal.addEventListener('abort', () => socket.destroy(new Error('aborted')), { once: true });
      socket.on('error', reject);
    }),
  stream: (url, headers, signal) =>
    new Promise((resolve, reject) => {
      const request = url.startsWith('https:') ? requestSecure : requestPlain;
      const call = request(url, { headers, signal }, (answer) => {
        resolve({ status: answer.statusCode ?? 0, chunks: answer });
      });
      call.on('error', reject);
      call.end();
    }),
  serve: (answer, { host, port }) =>
    new Promise((resolve, reject) => {
      const server = createServer((incoming, outgoing) => void respond(answer, incoming, outgoing));
      server.once('error', reject);
      server.listen(port, host, () => {
        // A server that listens on TCP has such an address.
        const address = server.address() as AddressInfo;
        resolve({
          url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
          close: () =>
            new Promise((closed) => {
              server.close(() => closed());
              server.closeIdleConnections();
            }),
        });
      });
    }),
};

const longestBody = 1_048_576;

async function respond(answer: Answerer, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const {
    status,
    headers = {},
    body,
  } = await readAll(incoming).then(
    (read) => (read ? answer({ ...headOf(incoming), body: read }) : { status: 413, headers: { connection: 'close' } }),
    (): Reply => ({ status: 400 }),
  );
  outgoing.writeHead(status, headers).end(body);
}

function headOf({ method = 'GET', url = '/', headers }: IncomingMessage): Omit<Received, 'body'> {
  const named = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  return { method, path: url, headers: Object.fromEntries(named) };
}

async function readAll(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > longestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
