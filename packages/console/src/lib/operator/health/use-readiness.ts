import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import { every } from '../../every.ts';
import { ask, type Problem } from '../../network.ts';
import type { Readiness } from '../data/views.ts';

/** Whether the gateway should be sent guests, as it says itself. */
export interface ReadinessNow {
  /** Stays as it was while the gateway does not answer. */
  readonly readiness: ReadonlySignal<Readiness | null>;
  readonly problem: ReadonlySignal<Problem | null>;
}

const refreshMs = 5_000;

/** Asks every few seconds. A gateway that is not ready says so with a status of its own, which is no problem. */
export function useReadiness(clock: Clock): ReadinessNow {
  const readiness = useSignal<Readiness | null>(null);
  const problem = useSignal<Problem | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      const answer = await ask<Readiness>('/readyz?verbose', { signal: stop.signal });
      // A cast, because the answer is the gateway's.
      const told = answer.body as Readiness | undefined;
      const isTold = told?.checks !== undefined;
      if (isTold) readiness.value = told;
      problem.value = answer.ok || isTold ? null : answer.problem;
    };
    const again = () => void look().catch(() => {});
    again();
    const end = every(clock, refreshMs, again);
    return () => {
      end();
      stop.abort();
    };
  }, [clock]);
  return { readiness, problem };
}
