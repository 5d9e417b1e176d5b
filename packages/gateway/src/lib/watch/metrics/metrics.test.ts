import { type Attempt, GuestpassError } from 'guestpass';
import { expect, test } from 'vitest';
import { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts';

const setup = (options: Partial<MetricsOptions> = {}) => createMetrics({ version: '1.2.3', ...options });

/** The samples of one metric, by their labels as written. */
async function samplesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const { body } = await metrics.scrape();
  const lines = body.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(name.length, at), Number(line.slice(at + 1))];
    }),
  );
}

const facts = {
  id: 'att_1',
  channelId: 'shop',
  consentTimestamp: null,
  captcha: null,
  startedAt: '2024-01-15T10:30:00.000Z',
  latencyMs: 168,
  durationMs: 210,
  stages: { payload: 0.2, guest: 168 },
  retries: 0,
  statusCodes: [],
  correlationId: null,
};
const admitted: Attempt = {
  ...facts,
  outcome: 'admitted',
  guestPass: { guestId: 'g', sessionToken: 'canary', expiresAt: null, channelId: 'shop', connect: null },
};
const failed = (code: 'platform_unavailable' | 'outcome_unknown', channelId: string | null): Attempt => ({
  ...facts,
  channelId,
  outcome: 'failed',
  stage: 'guest',
  error: new GuestpassError(code, 'x'),
});

test('withdrawals of consent are counted from zero on, by how they ended, and under few codes', async () => {
  const metrics = setup();
  metrics.withdrawalEnded({ outcome: 'withdrawn', code: null });
  metrics.withdrawalEnded({ outcome: 'refused', code: 'consent_receipt_invalid' });
  metrics.withdrawalEnded({ outcome: 'refused', code: 'made up' });
  expect(await samplesOf(metrics, 'guestpass_consent_withdrawals_total')).toEqual({
    '{outcome="withdrawn",code="none"}': 1,
    '{outcome="repeated",code="none"}': 0,
    '{outcome="refused",code="consent_receipt_invalid"}': 1,
    '{outcome="refused",code="other"}': 1,
  });
});

test('attempts are counted by how they ended, and timed in seconds', async () => {
  const metrics = setup({ channels: ['shop'] });
  metrics.attemptEnded(admitted);
  metrics.attemptEnded(admitted);
  metrics.attemptEnded(failed('platform_unavailable', null));
  expect(await samplesOf(metrics, 'guestpass_auth_attempts_total')).toEqual({
    '{outcome="admitted",code="none",channel="shop"}': 2,
    '{outcome="failed",code="platform_unavailable",channel="none"}': 1,
  });
  expect(await samplesOf(metrics, 'guestpass_auth_duration_seconds_sum')).toEqual({ '': expect.closeTo(0.63) });
  expect(await samplesOf(metrics, 'guestpass_stage_duration_seconds_count')).toMatchObject({
    '{stage="guest"}': 3,
    '{stage="payload"}': 3,
  });
});

test('channels nobody listed are one label, however many there are', async () => {
  const metrics = setup({ channels: ['shop'] });
  for (let i = 0; i < 1_000; i += 1) metrics.attemptEnded(failed('outcome_unknown', `made-up-${i}`));
  expect(Object.keys(await samplesOf(metrics, 'guestpass_auth_attempts_total'))).toEqual([
    '{outcome="failed",code="outcome_unknown",channel="other"}',
  ]);
});

test('refusals are counted by code, and codes nobody listed are one label', async () => {
  const metrics = setup({ codes: ['http_malformed'] });
  for (const code of ['body_invalid', 'http_malformed', 'made up', 'x'.repeat(500)]) metrics.requestRefused(code);
  for (const code of ['http_malformed', 'too_many_connections']) metrics.turnedAway(code);
  expect(await samplesOf(metrics, 'guestpass_http_refused_requests_total')).toEqual({
    '{code="body_invalid"}': 1,
    '{code="http_malformed"}': 1,
    '{code="other"}': 2,
  });
  expect(await samplesOf(metrics, 'guestpass_http_turned_away_total')).toEqual({
    '{code="http_malformed"}': 1,
    '{code="too_many_connections"}': 1,
  });
});

test('calls to the platform are counted by status', async () => {
  const metrics = setup();
  for (const status of [201, 429, null, 999, 4000]) metrics.platformCalled({ operation: 'guest', status });
  for (const operation of ['sign-in', 'made-up']) metrics.platformCalled({ operation, status: 200 });
  metrics.platformRetried({ operation: 'token', reason: 'rate_limited' });
  metrics.rateBudgetUsed(0.25);
  metrics.circuitOpen({ operation: 'guest', open: true });
  metrics.tokenExpires(1_705_314_600_000);
  expect(await samplesOf(metrics, 'guestpass_genesys_requests_total')).toEqual({
    '{operation="guest",status_code="201"}': 1,
    '{operation="guest",status_code="429"}': 1,
    '{operation="guest",status_code="4000"}': 1,
    '{operation="guest",status_code="none"}': 1,
    '{operation="guest",status_code="other"}': 1,
    '{operation="other",status_code="200"}': 1,
    '{operation="sign-in",status_code="200"}': 1,
  });
  expect(await samplesOf(metrics, 'guestpass_genesys_retries_total')).toEqual({
    '{operation="token",reason="rate_limited"}': 1,
  });
  expect(await samplesOf(metrics, 'guestpass_genesys_rate_budget_used_ratio')).toEqual({ '': 0.25 });
  expect(await samplesOf(metrics, 'guestpass_genesys_circuit_open')).toEqual({
    '{operation="token"}': 0,
    '{operation="sign-in"}': 0,
    '{operation="guest"}': 1,
  });
  expect(await samplesOf(metrics, 'guestpass_token_expiry_timestamp_seconds')).toEqual({ '': 1_705_314_600 });
  metrics.tokenExpires(null);
  expect(await samplesOf(metrics, 'guestpass_token_expiry_timestamp_seconds')).toEqual({ '': 0 });
});

test('deliveries are counted by endpoint, and a hundred endpoints are told apart', async () => {
  const metrics = setup();
  for (let i = 0; i < 150; i += 1) metrics.deliveryTried({ endpointId: `ep_${i}`, result: 'delivered' });
  metrics.deliveryTried({ endpointId: 'ep_0', result: 'http_503' });
  metrics.webhookBacklog({ depth: 3, oldestAgeMs: 61_000, dead: 2, held: 5 });
  const samples = await samplesOf(metrics, 'guestpass_webhook_attempts_total');
  expect(Object.keys(samples)).toHaveLength(102);
  expect(samples).toMatchObject({
    '{endpoint="ep_0",outcome="http_503"}': 1,
    '{endpoint="other",outcome="delivered"}': 50,
  });
  expect(await samplesOf(metrics, 'guestpass_webhook_queue_depth')).toEqual({ '': 3 });
  expect(await samplesOf(metrics, 'guestpass_webhook_oldest_pending_age_seconds')).toEqual({ '': 61 });
  expect(await samplesOf(metrics, 'guestpass_webhook_undelivered')).toEqual({
    '{state="dead"}': 2,
    '{state="held"}': 5,
  });
});

test('of the audit log nothing is said before it was verified', async () => {
  const metrics = setup();
  metrics.auditRecorded(2);
  expect(await samplesOf(metrics, 'guestpass_audit_records_total')).toEqual({ '': 2 });
  expect(await samplesOf(metrics, 'guestpass_audit_chain_valid')).toEqual({});
  metrics.auditVerified({ valid: true, atMs: 1_705_314_600_000 });
  expect(await samplesOf(metrics, 'guestpass_audit_chain_valid')).toEqual({ '': 1 });
  metrics.auditVerified({ valid: false, atMs: 1_705_314_601_000 });
  expect(await samplesOf(metrics, 'guestpass_audit_chain_valid')).toEqual({ '': 0 });
  expect(await samplesOf(metrics, 'guestpass_audit_last_verified_timestamp_seconds')).toEqual({ '': 1_705_314_601 });
});

test('what is only known when asked is asked before each scrape, and a failure does not spoil it', async () => {
  const metrics = setup();
  let depth = 0;
  metrics.beforeScrape(async () => {
    depth += 1;
    metrics.webhookBacklog({ depth, oldestAgeMs: 0, dead: 0, held: 0 });
  });
  metrics.beforeScrape(() => Promise.reject(new Error('database is down')));
  expect(await samplesOf(metrics, 'guestpass_webhook_queue_depth')).toEqual({ '': 1 });
  expect(await samplesOf(metrics, 'guestpass_webhook_queue_depth')).toEqual({ '': 2 });
});

test('two gateways in one process do not share their numbers', async () => {
  const [one, other] = [setup(), setup({ commit: 'abc1234' })];
  one.auditRecorded(5);
  expect(await samplesOf(other, 'guestpass_audit_records_total')).toEqual({ '': 0 });
  expect(await samplesOf(other, 'guestpass_build_info')).toEqual({ '{version="1.2.3",commit="abc1234"}': 1 });
});

test('every metric has a help text and a name by the rules, and none holds a secret', async () => {
  const metrics = setup({ process: true });
  metrics.attemptEnded(admitted);
  const { contentType, body } = await metrics.scrape();
  expect(contentType).toContain('text/plain');
  expect(body).not.toContain('canary');
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({ name, type }));
  const ours = types.filter(({ name }) => name.startsWith('guestpass_'));
  expect(ours.length).toBeGreaterThan(14);
  for (const { name, type } of ours) {
    expect(body).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  }
  expect(types.some(({ name }) => name === 'process_resident_memory_bytes')).toBe(true);
});

test('what is told of the process is named as Prometheus wants it', async () => {
  const metrics = createMetrics({ version: '1.0.0', process: true });
  const { body } = await metrics.scrape();
  const gauges = [...body.matchAll(/^# TYPE (\S+) gauge$/gm)].map(([, name]) => name);
  expect(gauges).toContain('nodejs_eventloop_lag_seconds');
  expect(gauges.filter((name) => name?.endsWith('_total'))).toEqual([]);
});
