/** Values by key, as text; keys and names of tables with dots in them are joined by dots. */
export type TomlTable = ReadonlyMap<string, string>;

/** A file that was read, or the line where it could not be: what stands there may be a secret, and is not told. */
export type TomlRead =
  | { readonly ok: true; readonly tables: ReadonlyMap<string, TomlTable> }
  | { readonly ok: false; readonly line: number };

const key = String.raw`(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')`;
const keys = String.raw`${key}(?:[ \t]*\.[ \t]*${key})*`;
const nothing = /(?:\s|#[^\n]*(?=\n|$))*/y;
const header = new RegExp(String.raw`\[[ \t]*(${keys})[ \t]*\]`, 'y');
const assignment = new RegExp(String.raw`(${keys})[ \t]*=[ \t]*`, 'y');
const longText = /"""(?:\r?\n)?((?:[^\\]|\\[\s\S])*?)"""(?!")/y;
const longLiteral = /'''(?:\r?\n)?([\s\S]*?)'''(?!')/y;
const shortText = /"((?:[^"\\\n]|\\.)*)"/y;
const shortLiteral = /'([^'\n]*)'/y;
const word = /[\w+.:-]+/y;
const lineEnd = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;

/**
 * Reads the part of TOML 1.0 that files of profiles are written in: tables of texts, numbers and booleans. An array, an
 * inline table, or anything set twice is a fault.
 */
export function readToml(text: string): TomlRead {
  const tables = new Map<string, Map<string, string>>();
  let at = 0;
  let table: Map<string, string> | undefined;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return undefined;
    at = pattern.lastIndex;
    return found[1] ?? found[0];
  };
  /** False when what comes next is not understood. */
  const takeLine = (): boolean => {
    const name = take(header);
    if (name !== undefined) {
      table = addTo(tables, keyOf(name), new Map());
      return table !== undefined && take(lineEnd) !== undefined;
    }
    const named = take(assignment);
    const value = named === undefined ? undefined : takeValue(take);
    table ??= addTo(tables, '', new Map());
    return (
      named !== undefined && value !== undefined && isNew(table, keyOf(named), value) && take(lineEnd) !== undefined
    );
  };
  for (take(nothing); at < text.length; take(nothing)) {
    const line = text.slice(0, at).split('\n').length;
    if (!takeLine()) return { ok: false, line };
  }
  return { ok: true, tables };
}

function takeValue(take: (pattern: RegExp) => string | undefined): string | undefined {
  const literal = take(longLiteral);
  if (literal !== undefined) return literal;
  const long = take(longText);
  if (long !== undefined) return unescaped(long);
  const short = take(shortText);
  if (short !== undefined) return unescaped(short);
  return take(shortLiteral) ?? take(word);
}

function addTo<Value>(map: Map<string, Value>, name: string | undefined, value: Value): Value | undefined {
  if (name === undefined || map.has(name)) return undefined;
  map.set(name, value);
  return value;
}

function isNew(table: Map<string, string> | undefined, name: string | undefined, value: string): boolean {
  return table !== undefined && addTo(table, name, value) !== undefined;
}

/** Undefined when a part between quotes is not readable. */
function keyOf(text: string): string | undefined {
  const parts = text.match(new RegExp(key, 'g')) ?? [];
  const read = parts.map((part) => (/^["']/.test(part) ? takeQuoted(part) : part));
  return read.includes(undefined) ? undefined : read.join('.');
}

function takeQuoted(part: string): string | undefined {
  return part.startsWith('"') ? unescaped(part.slice(1, -1)) : part.slice(1, -1);
}

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
};

/** A backslash at the end of a line takes the space behind it along. */
const escapeSequence = /\\(?:[ \t]*\r?\n\s*|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[\s\S])/g;

/** Undefined when there is an escape that TOML does not know. */
function unescaped(text: string): string | undefined {
  const sequences = text.match(escapeSequence) ?? [];
  const isKnown = sequences.every((sequence) => meaningOf(sequence) !== undefined);
  return isKnown ? text.replace(escapeSequence, (sequence) => meaningOf(sequence) ?? '') : undefined;
}

function meaningOf(sequence: string): string | undefined {
  if (/^\\\s*\n/.test(sequence)) return '';
  return sequence.length > 2 ? characterOf(Number.parseInt(sequence.slice(2), 16)) : escapes[sequence.slice(1)];
}

function characterOf(code: number): string | undefined {
  const isScalar = code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff);
  return isScalar ? String.fromCodePoint(code) : undefined;
}
