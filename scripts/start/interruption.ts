import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Aborted by the first Ctrl-C or SIGTERM, which ask for the end: also of a start under way, which would leave its
 * database running. The second one ends this process.
 */
export function heedInterrupts(): AbortController {
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return interruption;
}

/** Interrupts as Ctrl-C does. */
export function interrupt(): void {
  process.emit('SIGINT', 'SIGINT');
}

/** Stops everything of this command as Ctrl-Z does, and resolves once it goes on. Windows has no such thing. */
export async function suspend(): Promise<void> {
  if (process.platform === 'win32') return;
  process.kill(0, 'SIGTSTP');
  // Time for the signal to come. Where nobody could continue it, the system does not stop it, and it goes on at once.
  await sleep(100);
}
