import { didYouMean } from './did-you-mean.ts';
import type { PlatformHosts } from './environment.ts';
import { type Fault, GuestpassError } from './errors.ts';
import { configSettings, type Setting, type SettingKey, type SettingValues, settingKeys } from './settings.ts';

/** The part of the configuration that `createGuestpass` takes. */
export interface ConfiguredOptions {
  readonly environment: PlatformHosts;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  readonly guestsPath?: string;
  readonly retry: { readonly retries?: number };
  readonly deadlineMs?: number;
  readonly requestsPerMinute?: number;
  readonly connections?: number;
  readonly policy: {
    readonly consent: { readonly maxAgeMs?: number; readonly maxSkewMs?: number };
    readonly captcha: { readonly mode?: 'optional' | 'required'; readonly threshold?: number };
    readonly allowedChannels?: readonly string[];
  };
}

export interface GuestpassConfig {
  /** Options for `createGuestpass`, to which an audit sink may be added. */
  readonly options: ConfiguredOptions;
  /** Every setting by itself, as read. Holds the secret. */
  readonly values: SettingValues;
  /** The variable each value came from, or `default`. A setting without a value has none. */
  readonly origins: Readonly<Partial<Record<SettingKey, string>>>;
}

export interface ConfigReader {
  /** Reads the file that a `*_FILE` variable names, as text; throws when it cannot. */
  readonly readFile: (path: string) => string;
}

type Variables = Readonly<Record<string, string | undefined>>;
type Found = { readonly origin: string } & ({ readonly text: string } | { readonly fault: string });

/** Where the simulator listens and what it accepts unless told otherwise; public, and good for nothing else. */
const simulatorDefaults: Partial<Record<SettingKey, string>> = {
  environment: 'http://127.0.0.1:4010',
  clientId: 'sim-client',
  clientSecret: 'sim-secret',
};

/**
 * Reads the configuration from environment variables. A setting's own name wins over its aliases; an empty variable
 * counts as unset, except for the credentials (a fault) and the scope (asks for none). Throws one `config_invalid`
 * that holds every fault at once, each with its variable as the pointer; no fault repeats a value.
 *
 * @example createGuestpass(readConfig(process.env, { readFile: (path) => readFileSync(path, 'utf8') }).options)
 */
export function readConfig(variables: Variables, { readFile }: ConfigReader): GuestpassConfig {
  const faults: Fault[] = unknownVariables(variables);
  const values: Partial<Record<SettingKey, unknown>> = {};
  const origins: Partial<Record<SettingKey, string>> = {};
  for (const key of settingKeys) {
    const found = find(key, variables, readFile);
    if (!found) continue;
    const read = 'fault' in found ? found : configSettings[key].parse(found.text);
    if ('fault' in read) faults.push({ pointer: `/${found.origin}`, detail: read.fault });
    else values[key] = read.value;
    origins[key] = found.origin;
  }
  // Each value was read by its own setting's parser.
  const settings = values as SettingValues;
  faults.push(...missing(settings, origins), ...contradictions(settings, origins));
  return { options: optionsOf(settings, faults), values: settings, origins };
}

function find(key: SettingKey, variables: Variables, readFile: ConfigReader['readFile']): Found | undefined {
  const { name, aliases, secret, keepsEmpty }: Setting = configSettings[key];
  const simulated = variables[configSettings.target.name] === 'simulator' ? simulatorDefaults[key] : undefined;
  const text = variables[name];
  const file = secret ? variables[fileName(name)] || undefined : undefined;
  if (text !== undefined && file !== undefined)
    return { origin: name, fault: `is set together with ${fileName(name)}` };
  if (text || (keepsEmpty && text === '')) return { origin: name, text };
  if (file !== undefined) return { origin: fileName(name), ...contentsOf(file, readFile) };
  // Credentials and hosts of the real platform have no business with the simulator, nor its own with them.
  if (simulated !== undefined) return { origin: 'default', text: simulated };
  const alias = aliases.find((candidate) => variables[candidate]);
  return alias === undefined ? undefined : { origin: alias, text: variables[alias] ?? '' };
}

function contentsOf(file: string, readFile: ConfigReader['readFile']): { text: string } | { fault: string } {
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

function unknownVariables(variables: Variables): Fault[] {
  const known = Object.values<Setting>(configSettings).flatMap(({ name, secret }) =>
    secret ? [name, fileName(name)] : [name],
  );
  const unknown = Object.keys(variables).filter(
    (name) => name.startsWith('GUESTPASS_') && variables[name] !== undefined && !known.includes(name),
  );
  return unknown.map((name) => {
    const near = didYouMean(name, known);
    const shown = name.replace(/\W/g, '?').slice(0, 64);
    return { pointer: `/${shown}`, detail: `is not a known setting${near ? `; did you mean ${near}?` : ''}` };
  });
}

function missing({ target }: SettingValues, origins: GuestpassConfig['origins']): Fault[] {
  if (!origins.target && !origins.environment) {
    const detail =
      'is not set; set GUESTPASS_TARGET=simulator for the simulator, or GUESTPASS_ENVIRONMENT, GUESTPASS_CLIENT_ID and ' +
      'GUESTPASS_CLIENT_SECRET for a platform';
    return [{ pointer: '/GUESTPASS_ENVIRONMENT', detail }];
  }
  if (origins.target && !target) return [];
  const required = (['environment', 'clientId', 'clientSecret'] as const).filter((key) => !origins[key]);
  return required.map((key) => {
    const { name, aliases } = configSettings[key];
    return { pointer: `/${name}`, detail: `is not set, nor is ${aliases.join(' or ')}` };
  });
}

function contradictions(values: SettingValues, origins: GuestpassConfig['origins']): Fault[] {
  const { target, environment, clientSecret } = values;
  const faults: Fault[] = [];
  if (target === 'simulator' && environment?.kind === 'genesys') {
    faults.push({ pointer: `/${origins.environment}`, detail: 'is Genesys Cloud, while the target is the simulator' });
  }
  if (target === 'genesys' && environment && !environment.apiUrl.startsWith('https:')) {
    faults.push({ pointer: `/${origins.environment}`, detail: 'must use https with the target genesys' });
  }
  if (target === 'genesys' && clientSecret === simulatorDefaults.clientSecret) {
    faults.push({ pointer: `/${origins.clientSecret}`, detail: 'is the public one of the simulator' });
  }
  return faults;
}

function optionsOf(values: SettingValues, faults: readonly Fault[]): ConfiguredOptions {
  const { environment, clientId, clientSecret } = values;
  if (faults.length > 0 || !environment || clientId === undefined || clientSecret === undefined) throw invalid(faults);
  const { scope, guestsPath, deadlineMs, requestsPerMinute, connections, allowedChannels } = values;
  return {
    environment,
    clientId,
    clientSecret,
    ...present({ scope, guestsPath, deadlineMs, requestsPerMinute, connections }),
    retry: present({ retries: values.retries }),
    policy: {
      consent: present({ maxAgeMs: values.consentMaxAgeMs, maxSkewMs: values.consentMaxSkewMs }),
      captcha: present({ mode: values.captchaPolicy, threshold: values.captchaThreshold }),
      ...present({ allowedChannels }),
    },
  };
}

function present<T extends object>(record: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  // What is left has the keys of T and no undefined value.
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

function invalid(faults: readonly Fault[]): GuestpassError {
  const listed = faults.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail.replace(/\.$/, '')}`).join('; ');
  return new GuestpassError('config_invalid', `The configuration is not usable: ${listed}.`, { faults });
}
