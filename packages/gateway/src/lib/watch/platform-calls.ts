import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock, Try } from 'guestpass';
import { type ExchangeEvent, exchangeChannel } from 'guestpass/http';
import type { Metrics } from './metrics/metrics.ts';

export interface PlatformCallsOptions {
  /** Where the platform is: base URLs without a trailing slash, or whole addresses. */
  readonly urls: readonly string[];
  /** Calls for guests that a minute allows; `Infinity` where there is no such budget. */
  readonly perMinute: number;
  readonly metrics: Pick<Metrics, 'platformCalled' | 'platformRetried' | 'rateBudgetUsed' | 'beforeScrape'>;
  readonly clock: Clock;
}

/**
 * Counts each try of a call to the platform until disposed, those that repeat one, and how much of a minute's calls this
 * gateway used. The channel belongs to the whole process: calls of others to other places are left out.
 */
export function countPlatformCalls({ urls, perMinute, metrics, clock }: PlatformCallsOptions): Disposable {
  const lastMinute = createLastMinute(clock);
  const count = (message: unknown) => {
    // The SDK alone publishes on this channel, and nothing else.
    const { operation, url, previous, ...ended } = message as ExchangeEvent;
    if (!urls.some((place) => url === place || url.startsWith(`${place}/`))) return;
    metrics.platformCalled({ operation, status: statusOf(ended) });
    if (previous) metrics.platformRetried({ operation, reason: reasonOf(previous) });
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

/** The status, or the code by which web messaging refuses a session; `null` when no answer came. */
function statusOf({ status, failure = '' }: Pick<ExchangeEvent, 'status' | 'failure'>): number | null {
  const code = /^code_(\d+)$/.exec(failure)?.[1];
  return status ?? (code === undefined ? null : Number(code));
}

/** Why a call was repeated: the status that was answered, or what went wrong. */
function reasonOf({ status, failure = 'no_answer' }: Try): string {
  return status === undefined ? failure : `http_${status}`;
}
