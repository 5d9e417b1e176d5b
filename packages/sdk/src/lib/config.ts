import type { PlatformHosts } from './environment.ts';
import type { Fault } from './errors.ts';
import type { IssuerName } from './issuer/issuer.ts';
import { invalidSettings, readSettings, settingNames, unknownSettings, type Variables } from './read-settings.ts';
import { configSettings, type SettingKey, type SettingValues } from './settings.ts';

/** The part of the configuration that `createGuestpass` takes. */
export interface ConfiguredOptions {
  readonly environment: PlatformHosts;
  readonly issuer?: IssuerName;
  /** There with the issuer `rest`. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly origin?: string;
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

/** What the variables say: the options of a client, and where it points. */
export interface GuestpassConfig {
  /** Options for `createGuestpass`, to which an audit sink may be added. */
  readonly options: ConfiguredOptions;
  /** Every setting by itself, as read. Holds the secret. */
  readonly values: SettingValues;
  /** The variable each value came from, or `default`. A setting without a value has none. */
  readonly origins: Readonly<Partial<Record<SettingKey, string>>>;
}

/** What reading a configuration takes beside the variables. */
export interface ConfigReader {
  /** Reads the file that a `*_FILE` variable names, as text; throws when it cannot. */
  readonly readFile: (path: string) => string;
  /** Further `GUESTPASS_` variables that are no slips, because somebody else reads them. Default none. */
  readonly alsoKnown?: readonly string[];
}

/** Where the simulator listens and what it accepts unless told otherwise; public, and good for nothing else. */
const simulatorDefaults: Readonly<Record<string, string>> = {
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
export function readConfig(variables: Variables, { readFile, alsoKnown = [] }: ConfigReader): GuestpassConfig {
  const simulated = variables[configSettings.target.name] === 'simulator';
  const { values, origins, faults } = readSettings(configSettings, variables, {
    readFile,
    // Credentials and hosts of the real platform have no business with the simulator, nor its own with them.
    fallbackOf: (key) => (simulated ? simulatorDefaults[key] : undefined),
  });
  const all = [
    ...unknownSettings(variables, [...settingNames(configSettings), ...alsoKnown]),
    ...faults,
    ...missing(values, origins),
    ...contradictions(values, origins),
  ];
  return { options: optionsOf(values, all), values, origins };
}

function missing({ target, issuer }: SettingValues, origins: GuestpassConfig['origins']): Fault[] {
  if (!origins.target && !origins.environment) {
    const detail =
      'is not set; set GUESTPASS_TARGET=simulator for the simulator, or GUESTPASS_ENVIRONMENT, GUESTPASS_CLIENT_ID and ' +
      'GUESTPASS_CLIENT_SECRET for a platform';
    return [{ pointer: '/GUESTPASS_ENVIRONMENT', detail }];
  }
  if (origins.target && !target) return [];
  const needed = issuer === undefined || issuer === 'rest' ? needsClient : needsNoClient;
  return needed.flatMap((key) => {
    if (origins[key]) return [];
    const { name, aliases } = configSettings[key];
    return { pointer: `/${name}`, detail: `is not set, nor is ${aliases.join(' or ')}` };
  });
}

const needsNoClient = ['environment'] as const;
const needsClient = ['environment', 'clientId', 'clientSecret'] as const;

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
  const { environment, issuer, clientId, clientSecret, origin } = values;
  if (faults.length > 0 || !environment) throw invalidSettings(faults);
  const { scope, guestsPath, deadlineMs, requestsPerMinute, connections, allowedChannels } = values;
  return {
    environment,
    ...present({
      issuer,
      clientId,
      clientSecret,
      origin,
      scope,
      guestsPath,
      deadlineMs,
      requestsPerMinute,
      connections,
    }),
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
