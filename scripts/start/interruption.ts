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
