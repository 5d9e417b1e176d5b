import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Arrivals, ReceiverOrder } from './order.ts';

/**
 * The fastest receiver there can be: it answers 204 to everything. It runs in a process of its own, counts, and tells
 * when it heard first of each attempt.
 */
let count = 0;
let firstAtMs: Record<string, number> = {};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    count += 1;
    const [, attemptId] = /"attemptId":"([^"]+)"/.exec(Buffer.concat(chunks).toString()) ?? [];
    if (attemptId !== undefined) firstAtMs[attemptId] ??= monotonicMs();
    response.writeHead(204).end();
  });
});

process.on('message', (order: ReceiverOrder) => {
  process.send?.({ count, firstAtMs } satisfies Arrivals);
  if (order === 'take') [count, firstAtMs] = [0, {}];
});

/** The clock that all processes of a machine share. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` });
});
process.on('disconnect', () => process.exit(0));
