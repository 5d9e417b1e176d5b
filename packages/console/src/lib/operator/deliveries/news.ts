import type { Delivery, DeliveryNews } from '../data/views.ts';

/** Rows, newest first, brought up to date by news; deliveries that were not there come on top. */
export function withNews(rows: readonly Delivery[], news: readonly DeliveryNews[]): readonly Delivery[] {
  if (news.length === 0) return rows;
  const fresh = new Map(news.map((one) => [one.id, one]));
  const kept = rows.map((row) => {
    const newer = fresh.get(row.id);
    fresh.delete(row.id);
    return newer ? merged(newer) : row;
  });
  return [...[...fresh.values()].toReversed().map(merged), ...kept];
}

/** When the next try is due is not told by the stream. */
function merged({ lastTry, ...rest }: DeliveryNews): Delivery {
  const settled = rest.state === 'delivered' || rest.state === 'dead';
  const endedMs = Date.parse(lastTry.startedAt) + lastTry.durationMs;
  return { ...rest, nextAt: null, settledAt: settled ? new Date(endedMs).toISOString() : null };
}
