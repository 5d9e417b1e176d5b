import { setTimeout as sleep } from 'node:timers/promises';

/** Answers of 429 for every guest, for a while. */
export interface Storm extends AsyncDisposable {
  /** Begins, or begins anew; resolves once the simulator refuses guests. */
  begin(): Promise<void>;
  /** Ends it, and takes every other fault of the simulator away too. */
  end(): Promise<void>;
}

/** How long it lasts, in milliseconds. */
export const stormMs = 30_000;

/** A storm at the simulator of this address. `onOver` is told when its time has passed. Disposing ends one under way. */
export function createStorm(
  simulator: string,
  onOver: () => void,
  wait: (signal: AbortSignal) => Promise<unknown> = (signal) => sleep(stormMs, undefined, { signal }),
): Storm {
  const faults = `${simulator}/_sim/faults`;
  let current: AbortController | undefined;
  const clear = async () => {
    current?.abort();
    current = undefined;
    await fetch(faults, { method: 'DELETE' });
  };
  const pass = async (storm: AbortController) => {
    await wait(storm.signal).catch(() => {});
    if (storm.signal.aborted) return;
    await clear();
    onOver();
  };
  return {
    async begin() {
      await clear();
      const storm = new AbortController();
      current = storm;
      const fault = { operation: 'guest', status: 429, headers: { 'Retry-After': '2' }, times: 'always' };
      await fetch(faults, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
      // A simulator that has ended has no storm either.
      void pass(storm).catch(() => {});
    },
    end: clear,
    async [Symbol.asyncDispose]() {
      if (current) await clear().catch(() => {});
    },
  };
}
