import type { Exchange } from 'guestpass/http';
import type { Surroundings } from './terminal/surroundings.ts';

/** The network for whole answers, and its end. */
export interface OpenExchange extends AsyncDisposable {
  readonly exchange: Exchange;
}

/** The exchange of the surroundings, which stays theirs, or a pool of connections of its own. */
export async function openExchange({ exchange }: Pick<Surroundings, 'exchange'>): Promise<OpenExchange> {
  if (exchange) return { exchange, [Symbol.asyncDispose]: async () => {} };
  const { undiciExchange } = await import('guestpass/http');
  const pool = undiciExchange();
  return { exchange: pool.exchange, [Symbol.asyncDispose]: () => pool.close() };
}
