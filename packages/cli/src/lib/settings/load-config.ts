import type { ConfigSource } from '@guestpass/gateway';
import { type GatewayConfig, gatewayVariables, readGatewayConfig } from '@guestpass/gateway/config';
import { type GuestpassConfig, readConfig, type SettingKey } from 'guestpass';
import type { Surroundings } from '../terminal/surroundings.ts';
import type { Layer, Layered } from './layers.ts';
import { operatorVariables } from './operator-settings.ts';
import { type ProfilePlaces, profilePaths } from './profile-files.ts';
import { profileVariables } from './profiles.ts';
import { dotEnvPath, readLayers } from './setting-layers.ts';

/** Flags that set the same things as environment variables. */
export interface ConfigFlags {
  readonly profile?: string;
  readonly target?: string;
  readonly environment?: string;
  readonly issuer?: string;
  readonly origin?: string;
  readonly clientId?: string;
  readonly clientSecretFile?: string;
  /** The secret itself, read from standard input. */
  readonly clientSecret?: string;
  readonly auditFile?: string;
  readonly deadlineMs?: string;
}

export interface LoadedConfig extends GuestpassConfig {
  /** Where a value came from, in words: a flag, a variable, a variable in `.env`, a profile, or `default`. */
  readonly originOf: (key: SettingKey) => string | undefined;
  /** What is unwise about the settings, in sentences for people. */
  readonly cautions: readonly string[];
}

const flagNames: Readonly<Record<string, string>> = {
  GUESTPASS_PROFILE: '--profile',
  GUESTPASS_TARGET: '--target',
  GUESTPASS_ENVIRONMENT: '--environment',
  GUESTPASS_ISSUER: '--issuer',
  GUESTPASS_ORIGIN: '--origin',
  GUESTPASS_CLIENT_ID: '--client-id',
  GUESTPASS_CLIENT_SECRET_FILE: '--client-secret-file',
  GUESTPASS_CLIENT_SECRET: '--client-secret-stdin',
  GUESTPASS_AUDIT_FILE: '--audit-file',
  GUESTPASS_DEADLINE_MS: '--deadline',
};

/** What no other table knows: one `.env` may serve this command, the gateway, and whoever operates it. */
const commandVariables = [...operatorVariables, ...profileVariables];

/** Reads the configuration: flags win over the environment, that over `.env`, and that over a profile. */
export function loadConfig(places: ProfilePlaces, flags: ConfigFlags): LoadedConfig {
  const { readFile } = places;
  return readLayers(places, layerOf(flags), ({ variables, sourceOf, cautions }) => {
    const config = readConfig(variables, { readFile, alsoKnown: [...gatewayVariables, ...commandVariables] });
    const originOf = (key: SettingKey) => {
      const name = config.origins[key];
      return name === undefined ? undefined : (sourceOf(name) ?? name);
    };
    return { ...config, originOf, cautions };
  });
}

export interface LoadedGatewayConfig extends GatewayConfig {
  /** Where a variable was set, in words. */
  readonly sourceOf: Layered['sourceOf'];
  /** What is unwise about the settings, in sentences for people. */
  readonly cautions: readonly string[];
}

/** Reads the configuration of a gateway from the same places. */
export function loadGatewayConfig(
  places: ProfilePlaces,
  flags: ConfigFlags,
  readSecret: Surroundings['readFile'] = places.readFile,
): LoadedGatewayConfig {
  return readLayers(places, layerOf(flags), ({ variables, sourceOf, cautions }) => {
    const config = readGatewayConfig(variables, { readFile: readSecret, alsoKnown: commandVariables });
    const settings = config.settings.map((setting) => {
      const { origin } = setting;
      return { ...setting, origin: origin === null ? null : (sourceOf(origin) ?? origin) };
    });
    return { ...config, settings, sourceOf, cautions };
  });
}

/**
 * Reads the configuration of a gateway again and again. `.env` and profiles are read again when somebody asks; a file
 * that has changed is read with what they said last.
 */
export function gatewayConfigSource(
  places: ProfilePlaces,
  flags: ConfigFlags,
): ConfigSource & { readonly first: LoadedGatewayConfig } {
  const { readFile } = places;
  let then = remembered(places);
  const load = () => loadGatewayConfig({ ...places, readFile: then }, flags, readFile);
  return {
    first: load(),
    readFile,
    read(cause) {
      if (cause === 'signal') then = remembered(places);
      return load();
    },
  };
}

/** Reads `.env` and profiles now; what came of it, a fault included, comes of it later too. */
function remembered({ env, readFile }: ProfilePlaces): Surroundings['readFile'] {
  const paths = [dotEnvPath, ...profilePaths(env).map(({ path }) => path)];
  const read = new Map(paths.map((path) => [path, outcomeOf(() => readFile(path))]));
  return (path) => (read.get(path) ?? (() => readFile(path)))();
}

function outcomeOf(read: () => string): () => string {
  try {
    const text = read();
    return () => text;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Every variable that is set, whichever of the places it comes from. */
export function variablesIn(places: ProfilePlaces, flags: ConfigFlags = {}): Layer['variables'] {
  return readLayers(places, layerOf(flags), ({ variables }) => variables);
}

function layerOf(flags: ConfigFlags): Layer {
  return {
    variables: {
      GUESTPASS_PROFILE: flags.profile,
      GUESTPASS_TARGET: flags.target,
      GUESTPASS_ENVIRONMENT: flags.environment,
      GUESTPASS_ISSUER: flags.issuer,
      GUESTPASS_ORIGIN: flags.origin,
      GUESTPASS_CLIENT_ID: flags.clientId,
      GUESTPASS_CLIENT_SECRET_FILE: flags.clientSecretFile,
      GUESTPASS_CLIENT_SECRET: flags.clientSecret,
      GUESTPASS_AUDIT_FILE: flags.auditFile,
      GUESTPASS_DEADLINE_MS: flags.deadlineMs,
    },
    sourceOf: (name) => flagNames[name] ?? name,
  };
}
