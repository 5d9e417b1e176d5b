import type { Challenge, Solution } from './proof-of-work.ts';

/** More threads than these leave nothing for the page on a small device. */
const mostWorkers = 4;

/**
 * Works a challenge out in the background, on as many threads as the device spares; returns the answer for the payload.
 * `undefined` when it cannot be done here. Rejects when the signal aborts.
 */
export async function solveChallenge(challenge: Challenge, signal: AbortSignal): Promise<string | undefined> {
  const count = Math.max(1, Math.min(mostWorkers, navigator.hardwareConcurrency - 1));
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./proof-worker.ts', import.meta.url), { type: 'module' }),
  );
  try {
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
    const found = workers.map((worker, first) => solvedBy(worker, { challenge, share: { first, step: count } }));
    const solution = await Promise.race([Promise.any(found).catch(() => undefined), aborted.promise]);
    return solution && btoa(JSON.stringify({ challenge, solution }));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

function solvedBy(worker: Worker, work: object): Promise<Solution> {
  const { promise, resolve, reject } = Promise.withResolvers<Solution>();
  worker.addEventListener('message', ({ data }: MessageEvent<{ readonly solution?: Solution }>) =>
    data.solution ? resolve(data.solution) : reject(new Error('Not solved.')),
  );
  worker.addEventListener('error', () => reject(new Error('The worker failed.')));
  worker.postMessage(work);
  return promise;
}
