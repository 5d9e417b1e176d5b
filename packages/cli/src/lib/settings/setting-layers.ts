import { parseEnv } from 'node:util';
import { configSettings, type Fault, GuestpassError, isGuestpassError } from 'guestpass';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { type Layer, type Layered, lay } from './layers.ts';
import type { ProfilePlaces } from './profile-files.ts';
import { findProfile, type Profile, profileSettings } from './profiles.ts';

/** All settings together, and what is unwise about them. */
export interface Settings extends Layered {
  /** Sentences for people. */
  readonly cautions: readonly string[];
}

export const dotEnvPath = '.env';

/**
 * Lays flags over the environment, that over `.env` in the working directory, and that over the profile that one of the
 * three names; then reads them. What `read` throws says of each fault where to look.
 */
export function readLayers<Config>(places: ProfilePlaces, flags: Layer, read: (settings: Settings) => Config): Config {
  const stated = [
    flags,
    { variables: places.env, sourceOf: (name: string) => name },
    { variables: dotEnv(places.readFile), sourceOf: (name: string) => `${name} in .env` },
  ];
  const above = lay(stated);
  const profile = chosenProfile(above, places);
  const layers = profile?.layers.map((layer) => withoutOverruled(layer, above)) ?? [];
  const settings = lay([...stated, ...layers]);
  if (profile) keepSecretHome(profile, layers, settings);
  try {
    return read({ ...settings, cautions: profile?.cautions ?? [] });
  } catch (error) {
    throw isGuestpassError(error) ? located(error, settings, profile) : error;
  }
}

function chosenProfile({ variables, sourceOf }: Layered, places: ProfilePlaces): Profile | undefined {
  const { name } = profileSettings.profile;
  const chosen = variables[name];
  return chosen ? findProfile(chosen, sourceOf(name) ?? name, places) : undefined;
}

/** A profile is the weakest: another name of a setting above it wins, which its own name would do otherwise. */
function withoutOverruled(layer: Layer, { variables }: Layered): Layer {
  const target = variables[configSettings.target.name] ?? layer.variables[configSettings.target.name];
  // The aliases are those of a real platform, and are not read then.
  if (target === 'simulator') return layer;
  const overruled = Object.values(configSettings)
    .filter(({ aliases }) => aliases.some((alias) => variables[alias]))
    .flatMap(({ name }) => [name, `${name}_FILE`]);
  const kept = Object.entries(layer.variables).filter(([name]) => !overruled.includes(name));
  return { ...layer, variables: Object.fromEntries(kept) };
}

/** The secret of a profile goes where that profile says: a `.env` that came with a clone cannot send it elsewhere. */
function keepSecretHome(profile: Profile, layers: readonly Layer[], { variables, layerOf, sourceOf }: Layered): void {
  const { environment, clientSecret } = configSettings;
  const isOfProfile = (name: string) => layers.some((layer) => layer === layerOf(name));
  const home = profile.layers.map((layer) => layer.variables[environment.name]).find((one) => one !== undefined);
  const hasSecret = isOfProfile(clientSecret.name) || isOfProfile(`${clientSecret.name}_FILE`);
  if (!hasSecret || home === undefined || isOfProfile(environment.name)) return;
  const elsewhere = [environment.name, ...environment.aliases].find((name) => variables[name]);
  if (elsewhere === undefined || variables[elsewhere] === home) return;
  const detail = `is set by ${sourceOf(elsewhere)}, and the secret of profile ${profile.name} goes to the environment of that profile alone`;
  throw misuse(elsewhere, detail, 'Leave it out, or give the client and the secret of that environment too.');
}

function dotEnv(readFile: ProfilePlaces['readFile']): Layer['variables'] {
  let text: string;
  try {
    text = readFile(dotEnvPath);
  } catch (error) {
    const code = codeOf(error);
    if (code === ' (ENOENT)' || code === ' (EISDIR)') return {};
    throw misuse(dotEnvPath, `cannot be read${code}`, 'Make it readable UTF-8 text, or remove it.');
  }
  return parseEnv(text);
}

/** The same error, which says of each fault where to look when that is not the variable itself. */
function located(error: GuestpassError, { sourceOf }: Layered, profile: Profile | undefined): GuestpassError {
  const faults = error.faults.map((fault): Fault => {
    const name = fault.pointer.slice(1);
    const source = sourceOf(name);
    if (source !== undefined && source !== name) return { ...fault, detail: `${fault.detail} (set by ${source})` };
    const isMissingClient = source === undefined && name.startsWith('GUESTPASS_CLIENT_');
    if (!isMissingClient || !profile?.isPersonal) return fault;
    const why = `profile ${profile.name} of gc is a person's; a client of the grant Client Credentials is needed`;
    return { ...fault, detail: `${fault.detail} (${why})` };
  });
  return new GuestpassError('config_invalid', 'The configuration is not usable.', { faults, cause: error });
}
