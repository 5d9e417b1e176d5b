import { defaultLimit } from '../../openapi/query.ts';

/** One more than asked for, so that the last page is known as such. */
export interface PageQuery {
  readonly limit: number;
  readonly after?: number;
}

interface AskedPage {
  readonly limit?: number | undefined;
  readonly after?: number | undefined;
}

/** What to ask a store for. */
export function pageQuery({ limit = defaultLimit, after }: AskedPage): PageQuery {
  return { limit: limit + 1, ...(after !== undefined && { after }) };
}

/** The page in what the store gave. */
export function pageOf<Row, View>(
  rows: readonly Row[],
  { limit = defaultLimit }: AskedPage,
  { view, cursor }: { readonly view: (row: Row) => View; readonly cursor: (row: Row) => number },
): { readonly data: View[]; readonly nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { data: shown.map(view), nextCursor: rows.length > limit && last ? String(cursor(last)) : null };
}
