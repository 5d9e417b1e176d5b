import type { View } from '../place.ts';

/** What the keyboard can ask for. */
export type Wish =
  | { readonly does: 'go'; readonly view: View }
  | { readonly does: 'next-row' | 'previous-row' | 'filter' | 'list' };

/** A shortcut: keys that are pressed one after the other, and what is told of them. */
export interface Shortcut {
  readonly keys: readonly string[];
  readonly words: string;
  readonly wish: Wish;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: ['?'], words: 'List the keys', wish: { does: 'list' } },
  { keys: ['/'], words: 'Go to the filters', wish: { does: 'filter' } },
  { keys: ['j'], words: 'Next row of the table', wish: { does: 'next-row' } },
  { keys: ['k'], words: 'Previous row', wish: { does: 'previous-row' } },
  { keys: ['g', 'o'], words: 'Overview', wish: { does: 'go', view: 'overview' } },
  { keys: ['g', 'a'], words: 'Attempts', wish: { does: 'go', view: 'attempts' } },
  { keys: ['g', 'd'], words: 'Deliveries', wish: { does: 'go', view: 'deliveries' } },
  { keys: ['g', 'w'], words: 'Webhook endpoints', wish: { does: 'go', view: 'endpoints' } },
  { keys: ['g', 'l'], words: 'Audit log', wish: { does: 'go', view: 'audit' } },
  { keys: ['g', 'e'], words: 'Erasures and holds', wish: { does: 'go', view: 'erasures' } },
  { keys: ['g', 'h'], words: 'Health', wish: { does: 'go', view: 'health' } },
];

/** Keys of the browser that the list tells too. */
export const nativeKeys: readonly Omit<Shortcut, 'wish'>[] = [
  { keys: ['Ctrl K'], words: 'Find a view, an attempt or a command; Cmd K on a Mac' },
  { keys: ['Enter'], words: 'Open the row' },
  { keys: ['Esc'], words: 'Close what is open, or leave the filters' },
];

/** Reads keys one after the other. */
export interface KeyReader {
  /** What the key asks for, at a monotonic instant in milliseconds; `undefined` for nothing, or not yet. */
  press(key: string, nowMs: number): Wish | undefined;
}

/** The second key of a shortcut is waited for so long. */
const togetherMs = 1_000;

export function createKeyReader(): KeyReader {
  let before = { key: '', atMs: Number.NEGATIVE_INFINITY };
  return {
    press(key, nowMs) {
      const prefix = nowMs - before.atMs <= togetherMs ? before.key : '';
      const find = (keys: readonly string[]) => shortcuts.find((one) => one.keys.join(' ') === keys.join(' '))?.wish;
      const wish = (prefix === '' ? undefined : find([prefix, key])) ?? find([key]);
      const begins = wish === undefined && shortcuts.some(({ keys }) => keys.length > 1 && keys[0] === key);
      before = { key: begins ? key : '', atMs: nowMs };
      return wish;
    },
  };
}
