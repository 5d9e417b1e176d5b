import { expect, test } from 'vitest';
import { vitalsOf } from './vitals.ts';

test('gauges are read by their names, and what is not told is not known', () => {
  const metrics = [
    '# HELP guestpass_webhook_queue_depth Deliveries that wait.',
    '# TYPE guestpass_webhook_queue_depth gauge',
    'guestpass_webhook_queue_depth 12',
    'guestpass_webhook_oldest_pending_age_seconds 1.5',
    'guestpass_audit_chain_valid 1',
    'guestpass_audit_last_verified_timestamp_seconds 1705314600.5',
  ].join('\n');
  expect(vitalsOf(metrics)).toEqual({
    waiting: 12,
    oldestWaitingMs: 1_500,
    chainValid: true,
    chainCheckedMs: 1_705_314_600_500,
  });
  expect(vitalsOf(metrics.replace('chain_valid 1', 'chain_valid 0')).chainValid).toBe(false);
  expect(vitalsOf('guestpass_webhook_queue_depth_total 3')).toEqual({
    waiting: null,
    oldestWaitingMs: null,
    chainValid: null,
    chainCheckedMs: null,
  });
});
