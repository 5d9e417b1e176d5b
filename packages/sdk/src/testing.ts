export type { ManualClock } from './lib/testing/manual-clock.ts';
export { manualClock } from './lib/testing/manual-clock.ts';
