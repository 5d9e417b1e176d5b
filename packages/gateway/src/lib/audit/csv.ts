/** A value of one cell; `null` is an empty one. */
export type Cell = string | number | boolean | null;

/**
 * Writes one row as CSV (RFC 4180), with its line break. Text that a spreadsheet would take for a formula is put behind
 * an apostrophe, so that opening a file never runs what a guest sent (OWASP ASVS 5.0, 1.2.10). So is what stands behind a
 * semicolon: where a comma is the decimal sign, spreadsheets begin a new cell there, quotes or not.
 */
export function csvRow(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: Cell): string {
  if (typeof value !== 'string') return value === null ? '' : `${value}`;
  const harmless = value.replace(beforeFormula, "$&'");
  return /[",;\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * Where a cell may begin, and then one of the characters that begin a formula, their full-width and small twins, and
 * those that a spreadsheet skips before one. Two quotes together are skipped too, and each of ours is written twice.
 */
const beforeFormula = /(?:^|;)(?="*[=+\-@\t\r\n\0＝＋－＠﹦﹢﹣﹫])/g;
