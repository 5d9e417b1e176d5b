import { totalmem } from 'node:os';

/** Bytes of memory this process holds. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Bytes of memory this process may hold: what its container allows, or what the machine has. */
export function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** The version of Node.js, such as `24.1.0`. */
export function nodeVersion(): string {
  return process.versions.node;
}
