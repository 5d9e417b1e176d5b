import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ask, type Problem } from '../../network.ts';
import { withQuery } from '../data/query.ts';
import type { Page } from '../data/views.ts';

/** A list that is read page by page, newest first. */
export interface Pages<Item> {
  /** May be changed by news. */
  readonly items: Signal<readonly Item[]>;
  readonly problem: ReadonlySignal<Problem | null>;
  readonly loading: ReadonlySignal<boolean>;
  readonly hasMore: ReadonlySignal<boolean>;
  more(): void;
  reload(): void;
}

type Query = Readonly<Record<string, string | undefined>>;

/** Reads the first page, and again when path or query change. */
export function usePages<Item>(path: string, query: Query): Pages<Item> {
  const items = useSignal<readonly Item[]>([]);
  const problem = useSignal<Problem | null>(null);
  const loading = useSignal(true);
  const cursor = useSignal<string | null>(null);
  const hasMore = useSignal(false);
  const round = useSignal(0);
  const reading = useRef(new AbortController());
  const first = withQuery(path, { limit: 50, ...query });

  const read = async (address: string, before: readonly Item[]) => {
    loading.value = true;
    const answer = await ask<Page<Item>>(address, { signal: reading.current.signal });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) {
      items.value = [...before, ...answer.body.data];
      cursor.value = answer.body.nextCursor;
      hasMore.value = answer.body.nextCursor !== null;
    }
    loading.value = false;
  };

  useEffect(() => {
    const stop = new AbortController();
    reading.current = stop;
    read(first, []).catch(() => {});
    // An older page of the list before would else be put under this one.
    return () => stop.abort();
  }, [first, round.value]);

  return {
    items,
    problem,
    loading,
    hasMore,
    more() {
      if (cursor.value === null) return;
      read(withQuery(path, { limit: 50, ...query, after: cursor.value }), items.value).catch(() => {});
    },
    reload() {
      round.value += 1;
    },
  };
}
