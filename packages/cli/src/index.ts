export { run } from './lib/process.ts';
