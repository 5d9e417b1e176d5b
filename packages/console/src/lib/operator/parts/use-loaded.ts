import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, type Problem } from '../../network.ts';

/** Something that is asked of the gateway. */
export interface Loaded<Body> {
  readonly body: ReadonlySignal<Body | null>;
  readonly problem: ReadonlySignal<Problem | null>;
  readonly loading: ReadonlySignal<boolean>;
  /** Asks again; what is shown stays until the answer is there. */
  reload(): void;
}

/** Asks for `path`, and again when it changes. `null` asks for nothing. */
export function useLoaded<Body>(path: string | null): Loaded<Body> {
  const body = useSignal<Body | null>(null);
  const problem = useSignal<Problem | null>(null);
  const loading = useSignal(path !== null);
  const round = useSignal(0);
  useEffect(() => {
    if (path === null) {
      body.value = null;
      return;
    }
    const stop = new AbortController();
    loading.value = true;
    ask<Body>(path, { signal: stop.signal }).then(
      (answer) => {
        loading.value = false;
        problem.value = answer.ok ? null : answer.problem;
        if (answer.ok) body.value = answer.body;
      },
      () => {},
    );
    return () => stop.abort();
  }, [path, round.value]);
  return {
    body,
    problem,
    loading,
    reload() {
      round.value += 1;
    },
  };
}
