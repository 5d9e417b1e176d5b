import { misuse } from '../terminal/misuse.ts';
import type { BatchInput } from './batch-input.ts';
import { type InputLine, longestLine } from './lines.ts';

/** Columns beside `attributes.<name>`. */
const knownColumns = [
  'channelId',
  'consent.accepted',
  'consent.timestamp',
  'consent.noticeVersion',
  'consent.language',
  'captcha.provider',
  'captcha.response',
  'captcha.score',
] as const;

/**
 * Reads a table (RFC 4180) whose first row names the fields; an empty cell is a field that is not there. A row that
 * cannot be read is told as such. Throws `config_invalid` when the first row cannot be used.
 */
export async function* csvInputs(lines: AsyncIterable<InputLine>): AsyncGenerator<BatchInput, void, undefined> {
  let columns: readonly string[] | undefined;
  for await (const { number, text } of rowsIn(lines)) {
    const cells = text === undefined ? undefined : cellsIn(text);
    if (columns === undefined) {
      columns = checkedColumns(cells);
      continue;
    }
    if (cells === undefined) yield { number, fault: 'is no row of a table, is too long, or is not UTF-8' };
    else if (cells.length !== columns.length) {
      yield { number, fault: `has ${cells.length} fields, and the table has ${columns.length} columns` };
    } else yield { number, text: payloadOf(columns, cells) };
  }
}

function checkedColumns(cells: readonly string[] | undefined): readonly string[] {
  const known: readonly string[] = knownColumns;
  const isKnown = (name: string) => known.includes(name) || /^attributes\.[^.]+$/.test(name);
  const stranger = cells?.find((name) => !isKnown(name));
  if (cells && stranger === undefined && new Set(cells).size === cells.length) return cells;
  const detail = stranger === undefined ? 'does not name each column once' : `has the column ${stranger}`;
  throw misuse('first row', detail, `Name columns out of ${known.join(', ')} and attributes.<name>.`);
}

/** A field may hold line breaks: a row goes on until its quotes are even. */
async function* rowsIn(
  lines: AsyncIterable<InputLine>,
): AsyncGenerator<{ readonly number: number; readonly text: string | undefined }, void, undefined> {
  let open: { readonly number: number; readonly text: string } | undefined;
  for await (const { number, text } of lines) {
    if (text === undefined || (open && open.text.length + text.length > longestLine)) {
      yield { number: open?.number ?? number, text: undefined };
      open = undefined;
      continue;
    }
    const row = open ? { number: open.number, text: `${open.text}\n${text}` } : { number, text };
    if (quotesIn(row.text) % 2 === 1) open = row;
    else {
      open = undefined;
      if (row.text !== '') yield row;
    }
  }
  if (open) yield { number: open.number, text: undefined };
}

function quotesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}

/** The cells of one row, or `undefined` when quotes stand where none may. */
function cellsIn(row: string): readonly string[] | undefined {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const found = cell.exec(row);
    if (!found) return undefined;
    const [, quoted, plain = '', end] = found;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}

/** JSON of the payload that a row stands for. What is no boolean or number stays text, and is refused as such. */
function payloadOf(columns: readonly string[], cells: readonly string[]): string {
  const payload: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const cell = cells[index];
    if (cell === undefined || cell === '') continue;
    const [outer = '', inner] = column.split('.');
    if (inner === undefined) payload[outer] = cell;
    // A cast, because only records were put there.
    else payload[outer] = { ...(payload[outer] as object | undefined), [inner]: cellValue(column, cell) };
  }
  return JSON.stringify(payload);
}

function cellValue(column: string, cell: string): unknown {
  if (column === 'consent.accepted' && /^(?:true|false)$/i.test(cell)) return cell.toLowerCase() === 'true';
  if (column === 'captcha.score' && /^\d+(?:\.\d+)?$/.test(cell)) return Number(cell);
  return cell;
}
