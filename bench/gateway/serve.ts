import type { Order, Spent } from './order.ts';
import { createBare } from './servers/bare.ts';
import { createDurable } from './servers/durable.ts';

/** A server in a process of its own, so that its cost is counted alone. */
const [name = '', platformUrl = '', directory = ''] = process.argv.slice(2);
const server = await open();

function open() {
  switch (name) {
    case 'bare':
      return createBare(platformUrl);
    case 'gateway':
      return createDurable({ platformUrl, directory });
    case 'gateway-webhooks':
      // The minimal platform answers every POST with 201, this one too.
      return createDurable({ platformUrl, directory, receiver: `${platformUrl}/hook` });
    default:
      throw new Error(`There is no server named ${name}.`);
  }
}

process.on('message', async (order: Order) => {
  if (order === 'cpu') {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system } satisfies Spent);
    return;
  }
  await server.close();
  process.disconnect();
});
process.once('disconnect', () => process.exit());
process.send?.(server.ready);
