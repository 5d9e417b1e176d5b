import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
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
  const first = withQuery(path, { limit: 50, ...query });

  const read = async (address: string, before: readonly Item[], signal?: AbortSignal) => {
    loading.value = true;
    const answer = await ask<Page<Item>>(address, signal && { signal });
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
    read(first, [], stop.signal).catch(() => {});
    return () => stop.abort();
  }, [first, round.value]);

  return {
    items,
    problem,
    loading,
    hasMore,
    more() {
      if (cursor.value !== null) void read(withQuery(path, { limit: 50, ...query, after: cursor.value }), items.value);
    },
    reload() {
      round.value += 1;
    },
  };
}
