import { type Exchange, ExchangeError } from 'guestpass/http';
import { misuse } from '../terminal/misuse.ts';
import type { LoadFault } from './faults.ts';

/** Gives the simulator its faults; disposing of them clears every fault it has. */
export async function injectFaults(
  url: string,
  faults: readonly LoadFault[],
  exchange: Exchange,
): Promise<AsyncDisposable> {
  const control = `${url}/_sim/faults`;
  for (const { text, script } of faults) {
    const headers = { 'content-type': 'application/json' };
    const status = await statusOf(exchange, { method: 'POST', url: control, headers, body: JSON.stringify(script) });
    if (status !== 201) {
      const detail = `${text} was not taken by ${control} (${status})`;
      throw misuse('--fault', detail, 'Faults need a simulator: guestpass simulate.');
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      if (faults.length > 0) await statusOf(exchange, { method: 'DELETE', url: control, headers: {} });
    },
  };
}

async function statusOf(exchange: Exchange, request: Parameters<Exchange>[0]): Promise<number | string> {
  try {
    return (await exchange(request)).status;
  } catch (error) {
    if (error instanceof ExchangeError) return error.failure;
    throw error;
  }
}
