import type { Message } from '../messaging/message.ts';

/** One page of the history, newest first, as the platform tells it. */
export interface HistoryPage {
  /** `null` stands for an entry that is no message, such as an event. */
  readonly entries: readonly (Message | null)[];
  /** Place of the first entry, counted from the newest of all. */
  readonly offset: number;
  /** How many entries there are in all; `null` when the platform does not say. */
  readonly total: number | null;
  /** True when the platform has older entries. */
  readonly more: boolean;
}

export interface HistoryWalkOptions {
  /** Whether everything older than this message was known before the walk. */
  readonly isSettled: (id: string) => boolean;
  /** Pages to read at most. */
  readonly mostPages: number;
}

/** Reads the history back to where nothing is missing, page by page. */
export interface HistoryWalk {
  /** The page to ask for, from 1. */
  readonly pageNumber: number;
  /** Takes the page that was asked for. True when the walk has come to its end. */
  take(page: HistoryPage): boolean;
  /** What was read, oldest first. */
  readonly stretch: readonly Message[];
  /** True when nothing is older than the stretch. */
  readonly fromStart: boolean;
}

/**
 * Goes on until a message behind which all is known, or the start of the conversation. What comes while reading moves
 * every entry back; it is left out, because it comes by itself, and the rest keeps its order.
 */
export function createHistoryWalk({ isSettled, mostPages }: HistoryWalkOptions): HistoryWalk {
  const newestFirst: Message[] = [];
  const read = new Set<string>();
  let pageNumber = 1;
  let firstTotal: number | null = null;
  let fromStart = false;

  return {
    get pageNumber() {
      return pageNumber;
    },
    take({ entries, offset, total, more }) {
      firstTotal ??= total;
      const came = firstTotal === null || total === null ? 0 : Math.max(0, total - firstTotal);
      const messages = entries.slice(Math.max(0, came - offset)).filter((entry) => entry !== null);
      for (const message of messages) {
        if (!read.has(message.id)) newestFirst.push(message);
        read.add(message.id);
      }
      fromStart = !more;
      pageNumber += 1;
      return !more || messages.some(({ id }) => isSettled(id)) || pageNumber > mostPages;
    },
    get stretch() {
      return newestFirst.toReversed();
    },
    get fromStart() {
      return fromStart;
    },
  };
}
