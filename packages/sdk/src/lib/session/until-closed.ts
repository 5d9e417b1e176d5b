import { sessionClosed } from './session-errors.ts';

/**
 * Runs what a caller may give up and the end of the session gives up, too. What the end of the session broke off is told
 * as that.
 */
export async function untilClosed<T>(
  closing: AbortSignal,
  signal: AbortSignal | undefined,
  run: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await run(signal ? AbortSignal.any([signal, closing]) : closing);
  } catch (error) {
    throw closing.aborted && !signal?.aborted ? sessionClosed() : error;
  }
}
