import type { HrTime } from '@opentelemetry/api';
import type { Clock } from 'guestpass';

/** As OpenTelemetry takes it: whole seconds since the Unix epoch, and nanoseconds. */
export type Instant = HrTime;

/** The instant of a reading of the monotonic clock, now by default; one axis for all spans of a request. */
export type Timeline = (monotonicMs?: number) => Instant;

export function timelineOf(clock: Clock): Timeline {
  const epochMs = clock.now() - clock.monotonic();
  return (monotonicMs = clock.monotonic()) => {
    const microseconds = Math.round((epochMs + monotonicMs) * 1_000);
    return [Math.floor(microseconds / 1_000_000), (microseconds % 1_000_000) * 1_000];
  };
}
