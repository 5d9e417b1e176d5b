export { endOnCrash, onHangup, run } from './lib/process.ts';
