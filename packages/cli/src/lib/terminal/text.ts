import { hash } from 'node:crypto';

/**
 * Makes text from elsewhere harmless to a terminal: line breaks, escape sequences and invisible characters are shown
 * as `\u…`.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escaped);
}

/** One JSON document, indented, and harmless to a terminal. */
export function jsonDocument(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  // Line breaks here are our own: JSON escapes those of the values.
  return `${text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`;
}

/** One JSON object on a line, as harmless to a terminal. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`;
}

/**
 * A token or an answer of one guest as it may be shown: its last four characters when it is long enough to keep the rest
 * secret. What is configured shows as its {@link fingerprint}.
 */
export function shortened(secret: string): string {
  return secret.length >= 16 ? `…${printable(secret.slice(-4))}` : '…';
}

/**
 * A secret as it may be told apart from others and from the one before, without a character of it: the beginning of what
 * `printf %s "$SECRET" | sha256sum` prints.
 */
export function fingerprint(secret: string): string {
  return `*** sha256:${hash('sha256', secret).slice(0, 8)}`;
}

/** Lines of two columns, indented. */
export function columns(rows: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('');
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
