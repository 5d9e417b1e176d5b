import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForwardProxy extends AsyncDisposable {
  readonly url: string;
  /** Each URL asked for, oldest first. */
  readonly asked: readonly string[];
}

/** A plain HTTP proxy that leads everything to one port, whatever host is asked for, and notes what was asked. */
export async function proxyTo(port: number): Promise<ForwardProxy> {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const url = String(incoming.url);
    asked.push(url);
    const { method, headers } = incoming;
    const forwarded = request({ port, host: '127.0.0.1', path: new URL(url).pathname, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on a port, so it has such an address.
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
