import { gatewaySettings } from '@guestpass/gateway/config';
import { configSettings, type Setting } from 'guestpass';
import { defineSetting, didYouMean, line, settingNames } from 'guestpass/settings';
import { misuse } from '../terminal/misuse.ts';
import type { Layer } from './layers.ts';
import { operatorSettings } from './operator-settings.ts';
import { type ProfileFile, type ProfilePlaces, profilePaths, readProfileFiles } from './profile-files.ts';
import type { TomlTable } from './toml.ts';

/** Which profile is meant. */
export const profileSettings = {
  profile: defineSetting('GUESTPASS_PROFILE', line(256), {
    doc: 'Profile whose settings hold where nothing else says so; `--profile` does the same.',
    fallback: 'none',
  }),
} as const;

export const profileVariables: readonly string[] = settingNames(profileSettings);

/** Settings under one name. */
export interface Profile {
  readonly name: string;
  /** Strongest first: what our own file says of it, then what that of `gc` says. */
  readonly layers: readonly Layer[];
  /** Files that it stands in, as people write them. */
  readonly files: readonly string[];
  /** What is unwise about it, in sentences for people. */
  readonly cautions: readonly string[];
  /** True when `gc` signs a person in with it, or keeps a token: then it holds no client that Guestpass could be. */
  readonly isPersonal: boolean;
}

/** Every profile there is, by name. Throws `config_invalid` for a file that cannot be read. */
export function listProfiles(places: ProfilePlaces): readonly Profile[] {
  const files = readProfileFiles(places);
  return namesIn(files).map((name) => profileIn(files, name));
}

function namesIn(files: readonly ProfileFile[]): readonly string[] {
  const names = files.flatMap(({ tables }) => [...tables.keys()]);
  const first = names.filter((name, at) => names.findIndex((other) => isSame(other, name)) === at);
  return first.toSorted((one, other) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1));
}

/** The profile of a name, in which case does not count: `gc` writes names in lower case. Throws `config_invalid`. */
export function findProfile(name: string, source: string, places: ProfilePlaces): Profile {
  const files = readProfileFiles(places);
  const known = namesIn(files);
  if (known.some((one) => isSame(one, name))) return profileIn(files, name);
  const near = didYouMean(name, known);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  const paths = profilePaths(places.env).map(({ shown }) => shown);
  const remedy =
    known.length > 0
      ? `There are: ${known.join(', ')}.`
      : `Write one to ${paths.join(' or ') || 'a file; there is no HOME to find it in'}.`;
  throw misuse(source, `names no profile${meant}`, remedy);
}

function profileIn(files: readonly ProfileFile[], name: string): Profile {
  const parts = files.flatMap((file) => {
    const [found, table] = [...file.tables].find(([one]) => isSame(one, name)) ?? [];
    return found === undefined || table === undefined ? [] : [{ file, found, table }];
  });
  return {
    name: parts[0]?.found ?? name,
    layers: parts.map(({ file, found, table }) => layerOf(file, found, table)),
    files: parts.map(({ file }) => file.shown),
    cautions: parts.flatMap(({ file, table }) => cautionsOf(file, table)),
    isPersonal: parts.some(({ file, table }) => file.isOfGc && isPersonal(table)),
  };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function layerOf(file: ProfileFile, name: string, table: TomlTable): Layer {
  return {
    variables: file.isOfGc ? gcVariables(table) : ownVariables(file, name, table),
    sourceOf: () => `profile ${name} in ${file.shown}`,
  };
}

/**
 * What `gc` writes (its `config.go`): an empty text stands for nothing, and some regions in its table have underscores.
 * What it knows of proxies, logs and output is its own.
 */
function gcVariables(table: TomlTable): Layer['variables'] {
  const isClient = !isPersonal(table);
  return {
    GUESTPASS_ENVIRONMENT: table.get('environment')?.replaceAll('_', '-') || undefined,
    GUESTPASS_CLIENT_ID: (isClient && table.get('client_credentials')) || undefined,
    GUESTPASS_CLIENT_SECRET: (isClient && table.get('client_secret')) || undefined,
  };
}

/** Its grants: 1 is client credentials; 2 and 3 sign a person in; 0 and a token take the place of both. */
function isPersonal(table: TomlTable): boolean {
  const grant = table.get('grant_type') || '1';
  return grant !== '1' || !table.get('client_secret');
}

function ownVariables({ shown }: ProfileFile, name: string, table: TomlTable): Layer['variables'] {
  const known = knownVariables();
  for (const key of table.keys()) {
    if (known.includes(key)) continue;
    const near = didYouMean(key, known);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    throw misuse(
      shown,
      `profile ${name}: ${key} is no setting${meant}`,
      'Name settings as guestpass help environment does.',
    );
  }
  return Object.fromEntries(table);
}

/** Every variable that may be set, in any of its names. */
function knownVariables(): readonly string[] {
  const tables: readonly Readonly<Record<string, Setting>>[] = [configSettings, gatewaySettings, operatorSettings];
  const aliases = tables.flatMap((table) => Object.values(table).flatMap((setting) => setting.aliases));
  return [...tables.flatMap(settingNames), ...aliases];
}

function cautionsOf({ shown, isOpen, isOfGc }: ProfileFile, table: TomlTable): readonly string[] {
  const secrets: readonly Setting[] = [configSettings, gatewaySettings, operatorSettings]
    .flatMap((settings) => Object.values<Setting>(settings))
    .filter(({ secret }) => secret);
  const keys = isOfGc ? ['client_secret', 'access_token', 'oauth_token_data'] : namesOf(secrets);
  const holdsSecret = keys.some((key) => table.get(key));
  return isOpen && holdsSecret
    ? [`${shown} holds a secret that others on this machine can read: chmod 600 ${shown}`]
    : [];
}

function namesOf(settings: readonly Setting[]): readonly string[] {
  return settings.flatMap(({ name, aliases }) => [name, ...aliases]);
}
