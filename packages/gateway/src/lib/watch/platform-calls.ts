import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Attempt, Clock } from 'guestpass';
import { type ExchangeEvent, exchangeChannel } from 'guestpass/http';
import type { Metrics } from './metrics/metrics.ts';

export interface PlatformCallsOptions {
  /** Where the platform is: its hosts, without a trailing slash. */
  readonly urls: readonly string[];
  /** Calls for guests that a minute allows. */
  readonly perMinute: number;
  readonly metrics: Pick<Metrics, 'platformCalled' | 'rateBudgetUsed' | 'beforeScrape'>;
  readonly clock: Clock;
}

/**
 * Counts each try of a call to the platform until disposed, and how much of a minute's calls this gateway used. The
 * channel belongs to the whole process: calls of others to other places are left out.
 */
export function countPlatformCalls({ urls, perMinute, metrics, clock }: PlatformCallsOptions): Disposable {
  const lastMinute = createLastMinute(clock);
  const count = (message: unknown) => {
    // The SDK alone publishes on this channel, and nothing else.
    const { operation, url, status = null } = message as ExchangeEvent;
    if (!urls.some((place) => url.startsWith(`${place}/`))) return;
    metrics.platformCalled({ operation, status });
    if (operation === 'guest') lastMinute.add();
  };
  subscribe(exchangeChannel, count);
  metrics.beforeScrape(async () => metrics.rateBudgetUsed(lastMinute.sum() / perMinute));
  return { [Symbol.dispose]: () => void unsubscribe(exchangeChannel, count) };
}

/** Counts by the second, and forgets what is older than sixty of them. */
function createLastMinute(clock: Clock) {
  const seconds = Array.from({ length: 60 }, () => ({ at: -60, count: 0 }));
  const now = () => Math.floor(clock.monotonic() / 1_000);
  return {
    add() {
      const at = now();
      const slot = seconds[at % 60];
      if (slot?.at === at) slot.count += 1;
      else seconds[at % 60] = { at, count: 1 };
    },
    sum: () => seconds.reduce((sum, { at, count }) => (now() - at < 60 ? sum + count : sum), 0),
  };
}

/** Why a guest was asked for again, each time: the status that was answered, or that none was. */
export function retryReasons({ retries, statusCodes }: Pick<Attempt, 'retries' | 'statusCodes'>): readonly string[] {
  return Array.from({ length: retries }, (_, index) => {
    const status = statusCodes[index];
    return status === undefined ? 'no_answer' : `http_${status}`;
  });
}
