export { guestOutcome, guestRequested } from './lib/audit/guest-events.ts';
export {
  type AttemptSetup,
  attemptGuest,
  breakOff,
  endEarly,
  type Policy,
  type Run,
  refusePayload,
} from './lib/guest/attempt-guest.ts';
export { createStatistics, type StatisticsRecorder } from './lib/guest/statistics.ts';
export { type Stopwatch, startStopwatch } from './lib/guest/stopwatch.ts';
export type { Call, Issue, Issued, Issuer, NotIssued } from './lib/issuer/issuer.ts';
export { defaultRequestsPerMinute } from './lib/open-issuer.ts';
export { createPipeline, type Pipeline } from './lib/pipeline.ts';
export { guestNotice } from './lib/webhook/notice.ts';
