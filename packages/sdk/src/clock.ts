export { type Clock, sleep, systemClock } from './lib/clock.ts';
