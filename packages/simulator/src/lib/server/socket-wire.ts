import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { isBodiless, type Wire } from '../faults/wire.ts';
import type { Connections } from './connections.ts';

/** Does to a real connection what a fault asks for. */
export function createSocketWire(incoming: IncomingMessage, outgoing: ServerResponse, connections: Connections): Wire {
  return {
    async reset() {
      connections.reset(incoming.socket);
      return RESPONSE_ALREADY_SENT;
    },
    async send({ status, headers, body, declaredLength }) {
      const lines = headers.flat();
      if (isBodiless(status)) {
        outgoing.writeHead(status, lines).end();
        return RESPONSE_ALREADY_SENT;
      }
      outgoing.writeHead(status, [...lines, 'Content-Length', String(declaredLength)]);
      if (declaredLength > body.byteLength) outgoing.write(body, () => incoming.socket.destroySoon());
      else outgoing.end(body);
      return RESPONSE_ALREADY_SENT;
    },
  };
}
