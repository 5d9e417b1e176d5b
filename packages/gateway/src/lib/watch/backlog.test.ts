import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { tellBacklog } from './backlog.ts';
import { createMetrics } from './metrics/metrics.ts';

const noon = Date.parse('2024-01-15T10:30:00Z');

test('a scrape tells what waits as it stands, and waits two seconds for a database that hangs', async () => {
  const clock = manualClock(noon);
  const metrics = createMetrics({ version: '1.0.0', channels: [], process: false });
  let depth = 3;
  let answers = Promise.resolve();
  const undelivered = async () => {
    await answers;
    return { pending: depth, dead: 1, held: 2 };
  };
  const oldestPending = async () => new Date(noon - 5_000);
  tellBacklog({ deliveries: { undelivered, oldestPending }, metrics, clock });
  const { body } = await metrics.scrape();
  expect(body).toContain('\nguestpass_webhook_queue_depth 3\n');
  expect(body).toContain('\nguestpass_webhook_oldest_pending_age_seconds 5\n');
  expect(body).toContain('\nguestpass_webhook_undelivered{state="dead"} 1\n');

  answers = new Promise(() => {});
  depth = 4;
  const scraping = metrics.scrape();
  await clock.advance(2_000);
  expect((await scraping).body).toContain('\nguestpass_webhook_queue_depth 3\n');
  expect(clock.pending).toBe(0);
});
