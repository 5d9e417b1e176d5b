import { type Attempt, errorTable } from 'guestpass';
import { Counter, Histogram, type Registry } from 'prom-client';
import { createLabel } from './metric-label.ts';

export interface GuestMetricsOptions {
  /** Channels that are told apart; all others are `other`. Default none. */
  readonly channels?: readonly string[];
  /** Codes that are told apart beside those of the SDK. Default none. */
  readonly codes?: readonly string[];
}

/** Guests, and requests that came to none. */
export interface GuestMetrics {
  /** An attempt that ended here; not one that was replayed. */
  attemptEnded(attempt: Attempt): void;
  /** A request that came to no attempt. */
  requestRefused(code: string): void;
  /** A request or connection that never reached the app. */
  turnedAway(code: string): void;
}

const sdkCodes = Object.keys(errorTable);
const stages = ['payload', 'consent', 'channel', 'captcha', 'token', 'guest', 'audit', 'webhook'] as const;

export function guestMetrics(registry: Registry, { channels = [], codes = [] }: GuestMetricsOptions): GuestMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'guestpass_auth_attempts_total',
    help: 'Attempts to let a guest in, by how they ended.',
    labelNames: ['outcome', 'code', 'channel'],
    registers,
  });
  const durations = new Histogram({
    name: 'guestpass_auth_duration_seconds',
    help: 'Time of a whole attempt.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const stageTimes = new Histogram({
    name: 'guestpass_stage_duration_seconds',
    help: 'Time of one stage of an attempt.',
    labelNames: ['stage'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const refused = new Counter({
    name: 'guestpass_http_refused_requests_total',
    help: 'Requests that came to no attempt.',
    labelNames: ['code'],
    registers,
  });
  const turned = new Counter({
    name: 'guestpass_http_turned_away_total',
    help: 'Requests and connections that never reached the app.',
    labelNames: ['code'],
    registers,
  });
  // The last is no answer's code: connections that are one too many are told by a name of their own.
  const codeOf = createLabel([...sdkCodes, ...codes, 'none', 'too_many_connections']);
  const channelOf = createLabel([...channels, 'none']);
  const timers = Object.fromEntries(stages.map((stage) => [stage, stageTimes.labels(stage)]));
  return {
    attemptEnded(attempt) {
      const { outcome, channelId } = attempt;
      const code = attempt.outcome === 'admitted' ? 'none' : codeOf(attempt.error.code);
      attempts.inc({ outcome, code, channel: channelOf(channelId ?? 'none') });
      durations.observe(attempt.durationMs / 1_000);
      for (const [stage, spanMs] of Object.entries(attempt.stages)) timers[stage]?.observe(spanMs / 1_000);
    },
    requestRefused: (code) => refused.inc({ code: codeOf(code) }),
    turnedAway: (code) => turned.inc({ code: codeOf(code) }),
  };
}
