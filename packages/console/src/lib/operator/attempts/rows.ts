import type { Attempt } from '../data/views.ts';

/** Rows on the screen, unless older ones were asked for; more could not be looked through. */
export const mostRows = 200;
/** From so many attempts a second on, only some are shown. */
export const mostPerSecond = 50;

/** What is asked to be shown. */
export interface AttemptFilter {
  readonly outcome?: string | undefined;
  readonly code?: string | undefined;
  readonly channel?: string | undefined;
  /** Looked for in ids, codes and details, whatever its case. */
  readonly text?: string | undefined;
}

export function matches(attempt: Attempt, { outcome, code, channel, text = '' }: AttemptFilter): boolean {
  if (outcome && attempt.outcome !== outcome) return false;
  if (code && attempt.code !== code) return false;
  if (channel && attempt.channelId !== channel) return false;
  const wanted = text.trim().toLowerCase();
  const { id, guestId, channelId, correlationId, detail } = attempt;
  return (
    wanted === '' ||
    [id, guestId, channelId, correlationId, detail, attempt.code].some((one) => one?.toLowerCase().includes(wanted))
  );
}

/** The whole id of a guest is looked for in every attempt there is, and not only in those that were read. */
export function guestIn(text = ''): string | undefined {
  const wanted = text.trim();
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted) ? wanted : undefined;
}

/** Every so many of the arrivals are shown, so that there are never more than {@link mostPerSecond} a second. */
export function shownOneIn(arrivals: number, spanMs: number): number {
  return Math.max(1, Math.ceil((arrivals * 1_000) / spanMs / mostPerSecond));
}

/** What is left of arrivals when one in `oneIn` is shown; what did not go well is always among them first. */
export function thinOut(arrivals: readonly Attempt[], oneIn: number): readonly Attempt[] {
  if (oneIn === 1) return arrivals;
  const room = Math.ceil(arrivals.length / oneIn);
  const troubled = arrivals.filter(({ outcome }) => outcome === 'failed' || outcome === 'unknown');
  const others = arrivals.filter(({ outcome }) => outcome !== 'failed' && outcome !== 'unknown');
  const kept = new Set([...troubled, ...others].slice(0, room));
  return arrivals.filter((attempt) => kept.has(attempt));
}

/** Rows that are shown, and those that have fallen off their end. */
export interface Arranged {
  readonly rows: readonly Attempt[];
  readonly fallen: readonly Attempt[];
}

/**
 * Puts arrivals, oldest first, on top of rows, newest first. An attempt that is there already is brought up to date. No
 * more rows stay than can be looked through, or than there were.
 */
export function putOnTop(rows: readonly Attempt[], arrivals: readonly Attempt[]): Arranged {
  if (arrivals.length === 0) return { rows, fallen: [] };
  const fresh = new Map(arrivals.map((attempt) => [attempt.id, attempt]));
  const kept = rows.map((row) => {
    const newer = fresh.get(row.id);
    fresh.delete(row.id);
    return newer ?? row;
  });
  const all = [...[...fresh.values()].toReversed(), ...kept];
  const most = Math.max(mostRows, rows.length);
  return { rows: all.slice(0, most), fallen: all.slice(most) };
}

export interface Known {
  readonly shown: readonly Attempt[];
  /** Ids of the rows that have fallen off the end. */
  readonly fallen: ReadonlySet<string>;
}

/**
 * Puts under the rows what comes next in the list as it was read anew: what stands below all of them, and what has fallen
 * off their end. `undefined` while the list was not read far enough for that. Attempts are listed in the order they began,
 * and arrive in the order they end, so what has fallen may stand above a row that is shown.
 */
export function joinOlder(
  { shown, fallen }: Known,
  read: readonly Attempt[],
  isAll: boolean,
): readonly Attempt[] | undefined {
  const ids = new Set(shown.map(({ id }) => id));
  const lowest = read.findLastIndex(({ id }) => ids.has(id));
  const older = read.filter(({ id }, index) => !ids.has(id) && (index > lowest || fallen.has(id)));
  const last = shown.at(-1);
  const isPast = lowest < read.length - 1 && read.some(({ id }) => id === last?.id);
  return isPast || isAll ? [...shown, ...older] : undefined;
}
