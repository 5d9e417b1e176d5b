import type { ConfigReader, Fault } from 'guestpass';

export interface NamedFile<Read extends object> {
  /** The variable that names it. */
  readonly setting: string;
  /** What it should hold, such as `list of notices`. */
  readonly what: string;
  readonly path: string;
  /** What stands in it, or every fault at once. */
  readonly parse: (text: string) => Read | { readonly faults: readonly Fault[] };
}

/** Reads a file that a setting names. What is wrong with the file is told as faults of the setting, all of them. */
export function readNamedFile<Read extends object>(
  { setting, what, path, parse }: NamedFile<Read>,
  { readFile }: Pick<ConfigReader, 'readFile'>,
): Read | { readonly faults: readonly Fault[] } {
  const pointer = `/${setting}`;
  try {
    const read = parse(readFile(path));
    if (!('faults' in read)) return read;
    const faults = read.faults.map((fault) => `${fault.pointer} ${fault.detail}`.trim());
    return { faults: faults.map((detail) => ({ pointer, detail: `names a file that is no ${what}: ${detail}` })) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { faults: [{ pointer, detail: `names a file that cannot be read${code}` }] };
  }
}
