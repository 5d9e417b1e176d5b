import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ExchangeEvent } from 'guestpass/http';
import type { Paint } from './terminal/output.ts';
import type { Terminal } from './terminal/surroundings.ts';
import { printable } from './terminal/text.ts';

/** The channel on which the SDK tells of each try. */
const exchangeChannel = 'guestpass:exchange';

/** Prints each try of a request until disposed. A try is told without headers and body, so no secret can be in it. */
export function traceExchanges(terminal: Terminal, paint: Paint): Disposable {
  const print = (message: unknown) => {
    // The SDK alone publishes on this channel, and nothing else.
    terminal.err(`${paint.dim(lineOf(message as ExchangeEvent))}\n`);
  };
  subscribe(exchangeChannel, print);
  return { [Symbol.dispose]: () => void unsubscribe(exchangeChannel, print) };
}

function lineOf({ operation, method, url, status, failure, durationMs, correlationId }: ExchangeEvent): string {
  const result = status ?? failure ?? '';
  const correlation = correlationId === undefined ? '' : `  correlation ${correlationId}`;
  return printable(`${operation}  ${method} ${url}  ${result}  ${Math.round(durationMs * 10) / 10} ms${correlation}`);
}
