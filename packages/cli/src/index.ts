export { endOnCrash, run } from './lib/process.ts';
