import type { BrowserContext } from 'playwright-core';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const remote = new Set(['http:', 'https:', 'ws:', 'wss:']);

/** Tells of each error on the console, each error nobody caught, and each request that leads beyond this machine. */
export function watchPages(context: BrowserContext, onFault: (fault: string) => void): void {
  const check = (address: string) => {
    const { protocol, hostname } = new URL(address);
    if (remote.has(protocol) && !loopback.has(hostname)) onFault(`asked for ${address}`);
  };
  context.on('request', (request) => check(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => check(socket.url())));
  context.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error') onFault(`console: ${message.text()}${url === '' ? '' : ` at ${url}`}`);
  });
  context.on('weberror', (error) => onFault(`uncaught: ${error.error().message}`));
}
