import { sealedMark } from '../store/open-records.ts';
import type { Personal } from '../store/personal.ts';
import type { Cell } from './csv.ts';

/** Members of a record that have a column of their own; the others stand together in the column `details`. */
const members = [
  'sequence',
  'eventType',
  'timestamp',
  'attemptId',
  'outcome',
  'code',
  'guestId',
  'channelId',
  'consentTimestamp',
  'captchaProvider',
  'latencyMs',
  'successRate',
  'retries',
  'correlationId',
  'previousHash',
  'hash',
] as const;

const own: ReadonlySet<string> = new Set(members);

/** The names of the columns of a table of records. */
export const recordColumns: readonly string[] = [...members, 'details'];

/**
 * A line of the log as a row of the table, with what it holds sealed in its place; that is empty for a guest who was
 * erased. A line that is no record stands in `details` as it is.
 */
export function recordRow(line: string, opened: Personal | null): readonly Cell[] {
  const closed = parse(line);
  if (!closed) return [...members.map(() => null), line];
  const record = withOpened(closed, opened);
  const others = Object.entries(record).filter(([name]) => !own.has(name));
  return [
    ...members.map((name) => cellOf(record[name])),
    others.length === 0 ? null : JSON.stringify(Object.fromEntries(others)),
  ];
}

function withOpened(record: Members, opened: Personal | null): Members {
  const { sealed, ...told } = record;
  if (typeof sealed !== 'string') return opened ? { ...told, ...opened } : record;
  const emptied = Object.entries(told).map(([name, value]) => [name, value === sealedMark ? null : value] as const);
  return { ...Object.fromEntries(emptied), ...opened };
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  return JSON.stringify(value);
}

type Members = Readonly<Record<string, unknown>>;

function parse(line: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // A cast, because JSON gives no other objects: any key may be read.
    return typeof value === 'object' && value !== null ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}
