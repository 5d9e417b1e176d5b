import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Attempt } from 'guestpass';
import { type ExchangeEvent, exchangeChannel } from 'guestpass/http';
import type { Metrics } from './metrics.ts';

/**
 * Counts each try of a call to one of these places, until disposed. The channel belongs to the whole process: calls of
 * others to other places are left out.
 */
export function countPlatformCalls(urls: readonly string[], metrics: Pick<Metrics, 'platformCalled'>): Disposable {
  const count = (message: unknown) => {
    // The SDK alone publishes on this channel, and nothing else.
    const { operation, url, status = null } = message as ExchangeEvent;
    if (urls.some((place) => url.startsWith(`${place}/`))) metrics.platformCalled({ operation, status });
  };
  subscribe(exchangeChannel, count);
  return { [Symbol.dispose]: () => void unsubscribe(exchangeChannel, count) };
}

/** Why a guest was asked for again, each time: the status that was answered, or that none was. */
export function retryReasons({ retries, statusCodes }: Pick<Attempt, 'retries' | 'statusCodes'>): readonly string[] {
  return Array.from({ length: retries }, (_, index) => {
    const status = statusCodes[index];
    return status === undefined ? 'no_answer' : `http_${status}`;
  });
}
