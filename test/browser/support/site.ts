import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'vite';

/** A website of one page on this machine. */
export interface Site extends AsyncDisposable {
  readonly origin: string;
}

/** Bundles a script of `test/browser/pages` for browsers, as sites do. */
export async function bundle(page: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['guestpass-source', 'browser'] },
    build: {
      write: false,
      minify: false,
      rolldownOptions: { input: join(import.meta.dirname, '..', 'pages', `${page}.ts`) },
    },
  });
  const outputs = 'output' in result ? result.output : [];
  for (const output of outputs) if (output.type === 'chunk') return output.code;
  throw new Error(`Nothing came out for the page ${page}.`);
}

/** Serves a page with one script, under whatever path is asked for. */
export async function serveSite(script: string): Promise<Site> {
  const html =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">';
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('content-type', `${isScript ? 'text/javascript' : 'text/html'}; charset=utf-8`);
    response.end(isScript ? script : `${html}<script type="module" src="/page.js"></script><h1>Shop</h1></html>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on a port, so it has such an address.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
