import { type ReadonlySignal, type Signal, useComputed, useSignal } from '@preact/signals';
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
  /** Puts the next page under the rows. */
  more(): void;
  reload(): void;
  /**
   * Reads the list again from its beginning, and hands `join` what was read so far until it answers with the rows to
   * show; the next page comes under them. Begins anew when 5,000 rows were not enough.
   */
  rejoin(join: Join<Item>): void;
}

/** `isAll` says that nothing comes after what was read. */
export type Join<Item> = (read: readonly Item[], isAll: boolean) => readonly Item[] | undefined;

type Query = Readonly<Record<string, string | undefined>>;

const longestPage = 200;
const mostPages = 25;

/** Reads the first page, and again when path or query change. Rows with the key of one that is there are left out. */
export function usePages<Item>(path: string, query: Query, keyOf?: (item: Item) => string): Pages<Item> {
  const items = useSignal<readonly Item[]>([]);
  const problem = useSignal<Problem | null>(null);
  const loading = useSignal(true);
  const cursor = useSignal<string | null>(null);
  const round = useSignal(0);
  const reading = useRef(new AbortController());
  const first = withQuery(path, { limit: 50, ...query });

  const read = async (address: string, take: (page: readonly Item[], isLast: boolean) => void) => {
    loading.value = true;
    const answer = await ask<Page<Item>>(address, { signal: reading.current.signal });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) {
      cursor.value = answer.body.nextCursor;
      take(answer.body.data, answer.body.nextCursor === null);
    }
    loading.value = false;
    return answer.ok;
  };
  const reload = () => {
    round.value += 1;
  };
  const walk = async (join: Join<Item>) => {
    let all: readonly Item[] = [];
    let isJoined = false;
    const take = (page: readonly Item[], isLast: boolean) => {
      all = [...all, ...page];
      const joined = join(all, isLast);
      if (joined) items.value = joined;
      isJoined = joined !== undefined;
    };
    for (let pages = 0; pages < mostPages && !isJoined; pages += 1) {
      const after = pages === 0 ? null : cursor.value;
      if (!(await read(withQuery(path, { limit: longestPage, ...query, after }), take))) return;
    }
    if (!isJoined) reload();
  };

  useEffect(() => {
    const stop = new AbortController();
    reading.current = stop;
    read(first, (page) => {
      items.value = page;
    }).catch(() => {});
    // An older page of the list before would else be put under this one.
    return () => stop.abort();
  }, [first, round.value]);

  return {
    items,
    problem,
    loading,
    hasMore: useComputed(() => cursor.value !== null),
    more() {
      if (cursor.value === null) return;
      const next = withQuery(path, { limit: 50, ...query, after: cursor.value });
      read(next, (page) => {
        items.value = under(items.value, page, keyOf);
      }).catch(() => {});
    },
    reload,
    rejoin: (join) => void walk(join).catch(() => {}),
  };
}

/** What came as news may come again with the page it belongs to. */
function under<Item>(rows: readonly Item[], page: readonly Item[], keyOf: ((item: Item) => string) | undefined) {
  if (!keyOf) return [...rows, ...page];
  const known = new Set(rows.map(keyOf));
  return [...rows, ...page.filter((item) => !known.has(keyOf(item)))];
}
