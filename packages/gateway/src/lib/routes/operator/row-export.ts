import { type Cell, csvRow } from '../../audit/csv.ts';

export type ExportFormat = 'jsonl' | 'csv';

/** Which rows to read next. */
export interface NextRows {
  readonly limit: number;
  /** The `number` of the last row that was read. */
  readonly after?: number;
}

export interface RowExportOptions<Row extends { readonly number: number }> {
  readonly format: ExportFormat;
  /** Names of the columns, which are members of what `view` makes. */
  readonly columns: readonly string[];
  /** Reads rows, newest first. */
  readonly read: (next: NextRows) => Promise<readonly Row[]>;
  readonly view: (row: Row) => Readonly<Record<string, unknown>>;
}

/** So many rows are held at once. */
const rowsAtOnce = 500;

/**
 * Rows as a file, a page of them at a time, read from the database as they are taken: what comes while it is read stands
 * before its beginning. Reading rejects with `storage_unavailable`.
 */
export async function* exportRows<Row extends { readonly number: number }>(
  options: RowExportOptions<Row>,
): AsyncGenerator<Buffer, void, undefined> {
  const { format, columns, read, view } = options;
  const isTable = format === 'csv';
  const lineOf = (row: Row) => {
    const told = view(row);
    return isTable ? csvRow(columns.map((name) => cellOf(told[name]))) : `${JSON.stringify(told)}\n`;
  };
  let head = isTable ? csvRow(columns) : '';
  let next: NextRows | undefined = { limit: rowsAtOnce };
  while (next) {
    const rows: readonly Row[] = await read(next);
    yield Buffer.from(head + rows.map(lineOf).join(''));
    head = '';
    const last = rows.length === rowsAtOnce ? rows.at(-1) : undefined;
    next = last && { limit: rowsAtOnce, after: last.number };
  }
}

/** What has parts of its own stands in one cell as JSON. */
function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  return JSON.stringify(value);
}
