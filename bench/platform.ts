import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The least a platform can be: a token, and one guest for each POST. It runs in a process of its own, so that its
 * cost is not counted with any client's.
 */
const token = JSON.stringify({ access_token: 'bench-token-0123456789', token_type: 'bearer', expires_in: 86_399 });
const guest = JSON.stringify({
  guestId: '0b6c1f4e-8f1a-4f0f-9d7e-3f0f2f7f1a11',
  channelId: 'demo',
  sessionToken: '5f0c6f6d9a4e4d0d8f5a2f3b7c1e9d8a5f0c6f6d9a4e4d0d8f5a2f3b7c1e9d8a',
  expiresAt: '2030-01-01T00:00:00.000Z',
  messaging: { url: 'wss://webmessaging.example.test/v1', deploymentId: 'demo' },
});

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const isToken = request.url === '/oauth/token';
    const body = isToken ? token : guest;
    response.writeHead(isToken ? 200 : 201, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'inin-correlation-id': '3b7f2c1e-9d8a-4f0c-a6d9-a4e4d0d8f5a2',
    });
    response.end(body);
  });
});

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => process.exit(0));
