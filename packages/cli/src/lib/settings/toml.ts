import { parse, TomlDate, TomlError, type TomlValue, type TomlTable as TomlValues } from 'smol-toml';

/** Values by key, as the text a setting has elsewhere. */
export type TomlTable = ReadonlyMap<string, string>;

/** A file that was read, or where it could not be: what stands there may be a secret, and is not told. */
export type TomlRead =
  | { readonly ok: true; readonly tables: ReadonlyMap<string, TomlTable> }
  | { readonly ok: false; readonly where: string };

/**
 * Reads TOML 1.0 as tables of texts: a number or a boolean becomes its text, an array of such the list of them with
 * commas between, and a table in a table one whose name has a dot. An array that holds tables or arrays is a fault.
 */
export function readToml(text: string): TomlRead {
  let parsed: TomlValues;
  try {
    parsed = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Neither its message nor its code block: both repeat what the file holds.
    return { ok: false, where: `line ${error.line}` };
  }
  const tables = new Map<string, Map<string, string>>();
  const fault = collect(parsed, [], tables);
  return fault === undefined ? { ok: true, tables } : { ok: false, where: fault };
}

/** Adds a table and those in it; the address of the first value that has no text ends it. */
function collect(
  values: TomlValues,
  path: readonly string[],
  tables: Map<string, Map<string, string>>,
): string | undefined {
  const table = new Map<string, string>();
  if (path.length > 0 || Object.values(values).some((value) => !isTable(value))) tables.set(path.join('.'), table);
  for (const [key, value] of Object.entries(values)) {
    const place = [...path, key];
    if (isTable(value)) {
      const fault = collect(value, place, tables);
      if (fault !== undefined) return fault;
    } else {
      const text = textOf(value);
      if (text === undefined) return place.join('.');
      table.set(key, text);
    }
  }
  return undefined;
}

function isTable(value: TomlValue): value is TomlValues {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function textOf(value: TomlValue): string | undefined {
  if (Array.isArray(value)) {
    return value.every((item) => !isTable(item) && !Array.isArray(item)) ? value.map(textOf).join(',') : undefined;
  }
  if (value instanceof TomlDate) return value.toISOString();
  return typeof value === 'object' ? undefined : String(value);
}
