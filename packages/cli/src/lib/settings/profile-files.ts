import { join } from 'node:path';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { readToml, type TomlTable } from './toml.ts';

/** What profiles are read with. */
export type ProfilePlaces = Pick<Surroundings, 'env' | 'readFile' | 'isOpenToOthers'>;

/** One file of profiles. */
export interface ProfileFile {
  /** Its path as people write it. */
  readonly shown: string;
  /** True when it is that of Genesys' own command line, `gc`, whose keys are its own. */
  readonly isOfGc: boolean;
  /** True when others on this machine can read it. */
  readonly isOpen: boolean;
  readonly tables: ReadonlyMap<string, TomlTable>;
}

/**
 * Reads the files that hold profiles, our own before that of `gc`; one that is not there holds none. Throws
 * `config_invalid` for one that cannot be read, and never repeats a line of it.
 */
export function readProfileFiles(places: ProfilePlaces): readonly ProfileFile[] {
  return profilePaths(places.env).map(({ path, shown, isOfGc }) => {
    const tables = readTables(path, shown, places);
    return { shown, isOfGc, tables, isOpen: tables.size > 0 && places.isOpenToOthers?.(path) === true };
  });
}

/** Where profiles are looked for. Without a home directory that is nowhere. */
export function profilePaths(
  env: Surroundings['env'],
): readonly { readonly path: string; readonly shown: string; readonly isOfGc: boolean }[] {
  const home = env.HOME || env.USERPROFILE;
  if (!home) return [];
  const own = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'guestpass', 'config.toml');
  const shown = (path: string) => (path.startsWith(home) ? `~${path.slice(home.length)}` : path);
  const ofGc = join(home, '.gc', 'config.toml');
  return [
    { path: own, shown: shown(own), isOfGc: false },
    { path: ofGc, shown: shown(ofGc), isOfGc: true },
  ];
}

function readTables(path: string, shown: string, { readFile }: ProfilePlaces): ProfileFile['tables'] {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === ' (ENOENT)' || code === ' (ENOTDIR)') return new Map();
    throw misuse(shown, `cannot be read${code}`, 'Make it readable UTF-8 text, or remove it.');
  }
  const read = readToml(text);
  if (read.ok) return read.tables;
  throw misuse(shown, `is not understood at ${read.where}`, 'Write tables of texts in TOML there.');
}
