import { parseEnv } from 'node:util';
import type { ConfigSource } from '@guestpass/gateway';
import { type GatewayConfig, gatewayVariables, readGatewayConfig } from '@guestpass/gateway/config';
import {
  type Fault,
  type GuestpassConfig,
  GuestpassError,
  isGuestpassError,
  readConfig,
  type SettingKey,
} from 'guestpass';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { type Layer, type Layered, lay } from './layers.ts';
import { operatorVariables } from './operator-settings.ts';

/** Flags that set the same things as environment variables. */
export interface ConfigFlags {
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
  /** Where a value came from, in words: a flag, a variable, a variable in `.env`, or `default`. */
  readonly originOf: (key: SettingKey) => string | undefined;
}

const dotEnvPath = '.env';

const flagNames: Readonly<Record<string, string>> = {
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

/** Reads the configuration: flags win over the environment, which wins over `.env` in the working directory. */
export function loadConfig(surroundings: Pick<Surroundings, 'env' | 'readFile'>, flags: ConfigFlags): LoadedConfig {
  const { readFile } = surroundings;
  return readLayers(surroundings, flags, ({ variables, sourceOf }) => {
    // One `.env` may serve this command, the gateway, and whoever operates it.
    const config = readConfig(variables, { readFile, alsoKnown: [...gatewayVariables, ...operatorVariables] });
    const originOf = (key: SettingKey) => {
      const name = config.origins[key];
      return name === undefined ? undefined : (sourceOf(name) ?? name);
    };
    return { ...config, originOf };
  });
}

export interface LoadedGatewayConfig extends GatewayConfig {
  /** Where a variable was set, in words. */
  readonly sourceOf: Layered['sourceOf'];
}

/** Reads the configuration of a gateway from the same places. */
export function loadGatewayConfig(
  surroundings: Pick<Surroundings, 'env' | 'readFile'>,
  flags: ConfigFlags,
): LoadedGatewayConfig {
  const { readFile } = surroundings;
  return readLayers(surroundings, flags, ({ variables, sourceOf }) => ({
    ...readGatewayConfig(variables, { readFile, alsoKnown: operatorVariables }),
    sourceOf,
  }));
}

/**
 * Reads the configuration of a gateway again and again. `.env` is read again when somebody asks; a file that has changed
 * is read with what `.env` said last.
 */
export function gatewayConfigSource(
  { env, readFile }: Pick<Surroundings, 'env' | 'readFile'>,
  flags: ConfigFlags,
): ConfigSource & { readonly first: LoadedGatewayConfig } {
  let dotEnvThen = remembered(readFile);
  const load = () =>
    loadGatewayConfig({ env, readFile: (path) => (path === dotEnvPath ? dotEnvThen() : readFile(path)) }, flags);
  return {
    first: load(),
    readFile,
    read(cause) {
      if (cause === 'signal') dotEnvThen = remembered(readFile);
      return load();
    },
  };
}

/** Reads `.env` now; what came of it, a fault included, comes of it later too. */
function remembered(readFile: Surroundings['readFile']): () => string {
  try {
    const text = readFile(dotEnvPath);
    return () => text;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Every variable of the environment, and of `.env` where the environment has none. */
export function variablesIn(surroundings: Pick<Surroundings, 'env' | 'readFile'>): Layer['variables'] {
  return readLayers(surroundings, {}, ({ variables }) => variables);
}

function readLayers<Config>(
  { env, readFile }: Pick<Surroundings, 'env' | 'readFile'>,
  flags: ConfigFlags,
  read: (settings: Layered) => Config,
): Config {
  const settings = lay([
    { variables: variablesOf(flags), sourceOf: (name) => flagNames[name] ?? name },
    { variables: env, sourceOf: (name) => name },
    { variables: dotEnv(readFile), sourceOf: (name) => `${name} in .env` },
  ]);
  try {
    return read(settings);
  } catch (error) {
    throw isGuestpassError(error) ? located(error, settings) : error;
  }
}

function variablesOf(flags: ConfigFlags): Layer['variables'] {
  return {
    GUESTPASS_TARGET: flags.target,
    GUESTPASS_ENVIRONMENT: flags.environment,
    GUESTPASS_ISSUER: flags.issuer,
    GUESTPASS_ORIGIN: flags.origin,
    GUESTPASS_CLIENT_ID: flags.clientId,
    GUESTPASS_CLIENT_SECRET_FILE: flags.clientSecretFile,
    GUESTPASS_CLIENT_SECRET: flags.clientSecret,
    GUESTPASS_AUDIT_FILE: flags.auditFile,
    GUESTPASS_DEADLINE_MS: flags.deadlineMs,
  };
}

function dotEnv(readFile: Surroundings['readFile']): Layer['variables'] {
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
function located(error: GuestpassError, { sourceOf }: Layered): GuestpassError {
  const faults = error.faults.map((fault): Fault => {
    const source = sourceOf(fault.pointer.slice(1));
    const elsewhere = source !== undefined && source !== fault.pointer.slice(1);
    return elsewhere ? { ...fault, detail: `${fault.detail} (set by ${source})` } : fault;
  });
  return new GuestpassError('config_invalid', 'The configuration is not usable.', { faults, cause: error });
}
