import { STATUS_CODES } from 'node:http';
import type { ProblemAnswer } from './problem.ts';

/** An answer as it stands on the wire, for requests that the parser gave up on. It is the last on its connection. */
export function wireAnswer({ status, headers, body }: ProblemAnswer, now: Date): string {
  const lines = Object.entries({
    ...headers,
    Date: now.toUTCString(),
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`;
}
