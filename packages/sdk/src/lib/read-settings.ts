import { didYouMean } from './did-you-mean.ts';
import { type Fault, GuestpassError } from './errors.ts';
import type { Setting } from './settings.ts';

/** Settings by their keys. */
export type SettingTable = Readonly<Record<string, Setting>>;

/** The value of each setting of a table that was set. */
export type ValuesOf<Table extends SettingTable> = {
  readonly [Key in keyof Table]?: Table[Key] extends Setting<infer T> ? T : never;
};

/** The variables of an environment; one that is not set is undefined. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Where settings come from beside the variables. */
export interface SettingSources {
  /** Reads the file that a `*_FILE` variable names, as text; throws when it cannot. */
  readonly readFile: (path: string) => string;
  /** Text of a setting that is not set under its own name; where there is one, its aliases are not read. Default none. */
  readonly fallbackOf?: (key: string) => string | undefined;
}

/** What the variables say, and what is wrong with them. */
export interface SettingsRead<Table extends SettingTable> {
  readonly values: ValuesOf<Table>;
  /** The variable each value came from, or `default`. A setting without a value has none. */
  readonly origins: Readonly<Partial<Record<keyof Table, string>>>;
  /** What is wrong, each with its variable as the pointer. Never repeats a value. */
  readonly faults: readonly Fault[];
}

/**
 * Reads the settings of a table from environment variables. A setting's own name wins over its aliases; an empty
 * variable counts as unset, unless the setting keeps it. Never throws.
 */
export function readSettings<Table extends SettingTable>(
  table: Table,
  variables: Variables,
  sources: SettingSources,
): SettingsRead<Table> {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const faults: Fault[] = [];
  for (const [key, setting] of Object.entries(table)) {
    const found = find(setting, variables, { ...sources, fallback: sources.fallbackOf?.(key) });
    if (!found) continue;
    const read = 'fault' in found ? found : setting.parse(found.text);
    if ('fault' in read) faults.push({ pointer: `/${found.origin}`, detail: read.fault });
    else values[key] = read.value;
    origins[key] = found.origin;
  }
  // Each value was read by its own setting's parser, under its own key.
  return { values: values as ValuesOf<Table>, origins: origins as SettingsRead<Table>['origins'], faults };
}

/** Every variable that belongs to a table, aliases left out. */
export function settingNames(table: SettingTable): readonly string[] {
  return Object.values(table).flatMap(({ name, secret }) => (secret ? [name, fileName(name)] : [name]));
}

/** A fault for each variable that begins with `GUESTPASS_` and is not known, with the name it may have meant. */
export function unknownSettings(variables: Variables, known: readonly string[]): readonly Fault[] {
  const unknown = Object.keys(variables).filter(
    (name) => name.startsWith('GUESTPASS_') && variables[name] !== undefined && !known.includes(name),
  );
  return unknown.map((name) => {
    const near = didYouMean(name, known);
    const shown = name.replace(/\W/g, '?').slice(0, 64);
    return { pointer: `/${shown}`, detail: `is not a known setting${near ? `; did you mean ${near}?` : ''}` };
  });
}

/** One `config_invalid` that tells every fault. */
export function invalidSettings(faults: readonly Fault[]): GuestpassError {
  const listed = faults.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail.replace(/\.$/, '')}`).join('; ');
  return new GuestpassError('config_invalid', `The configuration is not usable: ${listed}.`, { faults });
}

type Found = { readonly origin: string } & ({ readonly text: string } | { readonly fault: string });

interface Sources extends SettingSources {
  readonly fallback: string | undefined;
}

function find(setting: Setting, variables: Variables, { readFile, fallback }: Sources): Found | undefined {
  const { name, aliases, secret, keepsEmpty } = setting;
  const text = variables[name];
  const file = secret ? variables[fileName(name)] || undefined : undefined;
  if (text !== undefined && file !== undefined) {
    return { origin: name, fault: `is set together with ${fileName(name)}` };
  }
  if (text || (keepsEmpty && text === '')) return { origin: name, text };
  if (file !== undefined) return { origin: fileName(name), ...contentsOf(file, readFile) };
  if (fallback !== undefined) return { origin: 'default', text: fallback };
  const alias = aliases.find((candidate) => variables[candidate]);
  return alias === undefined ? undefined : { origin: alias, text: variables[alias] ?? '' };
}

function contentsOf(file: string, readFile: SettingSources['readFile']): { text: string } | { fault: string } {
  try {
    return { text: readFile(file).replace(/\r?\n$/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { fault: `names a file that cannot be read${code}` };
  }
}

function fileName(name: string): string {
  return `${name}_FILE`;
}
