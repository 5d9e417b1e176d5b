import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';

/** A webhook as it arrived. */
export interface Received {
  readonly id: string;
  readonly timestamp: string;
  /** What the published package made of it; `undefined` when it did not verify. */
  readonly event: { readonly type: string; readonly data: Readonly<Record<string, unknown>> } | undefined;
  readonly bodyHash: string;
  readonly body: string;
  readonly atMs: number;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves once so many have arrived. */
  arrivals(count: number): Promise<void>;
}

/** Decides what a webhook is answered; without an answer the sender waits. */
export type Answer = (received: Received, response: ServerResponse, nth: number) => void;

const thanks: Answer = (_, response) => void response.writeHead(204).end();

/** Somebody's webhook endpoint on this machine, which verifies by the published `standardwebhooks` package. */
export async function openReceiver(secret: string, answer: Answer = thanks): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = read(webhook, Buffer.concat(chunks), request.headers);
      received.push(one);
      answer(one, response, received.length);
      for (const look of [...waiting]) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver has no port.');
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    received,
    arrivals: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function read(webhook: Webhook, bytes: Buffer, headers: IncomingHttpHeaders): Received {
  const header = (name: string) => String(headers[name] ?? '');
  return {
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    event: verified(webhook, bytes, headers),
    bodyHash: createHash('sha256').update(bytes).digest('hex'),
    body: bytes.toString(),
    atMs: performance.now(),
  };
}

function verified(webhook: Webhook, bytes: Buffer, headers: IncomingHttpHeaders): Received['event'] {
  try {
    // Casts, because the package takes plain headers and tells no type.
    return webhook.verify(bytes, headers as Record<string, string>) as Received['event'];
  } catch {
    return undefined;
  }
}
