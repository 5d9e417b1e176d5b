import type { KeyObject } from 'node:crypto';
import {
  type ConfigReader,
  type Fault,
  type GuestpassConfig,
  isGuestpassError,
  type PipelineOptions,
  readConfig,
} from 'guestpass';
import {
  invalidSettings,
  readSettings,
  type SettingsRead,
  settingNames,
  type ValuesOf,
  type Variables,
} from 'guestpass/settings';
import type { CaptchaHost } from './channel-hostnames.ts';
import { type ConsentNotice, parseConsentNotices } from './consent-notices.ts';
import { readNamedFile } from './named-file.ts';
import { createNetworkList } from './network.ts';
import { type SignInConfig, signInFaults, signInOf } from './operator-sign-in.ts';
import { parseOperators, type TokenOperator } from './operators.ts';
import { gatewaySettings } from './settings.ts';
import { type SettingInForce, settingsInForce } from './settings-in-force.ts';

/** Where a listener listens. */
export interface Address {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
}

/** A gateway as configured. What is `undefined` was not set and has no default that could be told here. */
export interface GatewayConfig {
  /** Platform, credentials and policy; a verifier for each captcha provider is still to be added. */
  readonly platform: PipelineOptions;
  readonly listen: Address;
  readonly operator: Address & {
    readonly token: string | undefined;
    /** Those who have a name; `undefined` where no file tells of them. */
    readonly people: readonly TokenOperator[] | undefined;
    /** The provider that operators may sign in at. */
    readonly signIn: SignInConfig | undefined;
    /** Where browsers know the listener; `undefined` where they ask it. */
    readonly publicUrl: string | undefined;
    readonly sessionMs: number;
  };
  readonly publicUrl: string | undefined;
  /** What visitors of the guest page consent to. */
  readonly guestNotice: string | undefined;
  /** Notices with receipts; `undefined` where there are neither notices nor a key. */
  readonly consent: { readonly notices: readonly ConsentNotice[]; readonly key: KeyObject | undefined } | undefined;
  readonly docsUrl: string | undefined;
  readonly websites: readonly { readonly origin: string; readonly channelId?: string }[];
  readonly requireOrigin: boolean;
  readonly requireIdempotencyKey: boolean;
  readonly isTrustedProxy: (address: string) => boolean;
  /** In a minute. */
  readonly rates: {
    readonly address: number;
    readonly subnet: number;
    readonly channel: number;
    readonly total: number;
  };
  readonly load: {
    readonly maxConnections: number;
    readonly maxConnectionsPerAddress: number;
    readonly maxInFlight: number;
    readonly maxEventLoopDelayMs: number;
    readonly maxRecordWaitMs: number;
    readonly maxPendingDeliveries: number;
    readonly minFreeBytes: number;
    readonly maxMemoryBytes?: number;
  };
  readonly drain: { readonly delayMs: number; readonly graceMs: number };
  /** A PostgreSQL of the operator's, or the directory of an embedded one. */
  readonly storage: { readonly url: string } | { readonly directory: string };
  readonly masterKey: KeyObject | undefined;
  readonly checkpoints: {
    readonly key: KeyObject | undefined;
    readonly previousKey: KeyObject | undefined;
    readonly file: string;
  };
  /** How long things are kept, in milliseconds; `undefined` is for ever. */
  readonly retention: {
    readonly personalDataMs: number | undefined;
    readonly recordsMs: number | undefined;
    readonly archiveDirectory: string | undefined;
  };
  readonly webhook: { readonly url: string; readonly secret: string } | undefined;
  /** The delay before each try of a delivery, in milliseconds. */
  readonly schedule: readonly number[] | undefined;
  /** Which receivers webhooks may reach. */
  readonly receivers: { readonly allowCidrs: readonly string[]; readonly allowHttp: boolean; readonly ports?: 'any' };
  readonly captcha: {
    readonly altchaSecret: string | undefined;
    readonly recaptchaSecret: string | undefined;
    readonly hcaptchaSecret: string | undefined;
    readonly turnstileSecret: string | undefined;
    readonly hostnames: readonly CaptchaHost[] | undefined;
    readonly action: string | undefined;
  };
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** The SDK's own settings as read, and where from. */
  readonly sdk: GuestpassConfig;
  /** The gateway's own settings as read, and the variable each came from. Holds the secrets. */
  readonly values: GatewayValues;
  readonly origins: SettingsRead<typeof gatewaySettings>['origins'];
  /** Every setting, those of the SDK included, as operators may see them: without the secrets. */
  readonly settings: readonly SettingInForce[];
  /** The files it was read from, as their settings name them. */
  readonly files: readonly string[];
}

export type GatewayValues = ValuesOf<typeof gatewaySettings>;

/** The variables of the gateway, for others who share an environment with it. */
export const gatewayVariables: readonly string[] = settingNames(gatewaySettings);

/**
 * Reads the configuration of a gateway, that of the SDK included, from environment variables. Throws one
 * `config_invalid` that holds every fault at once, each with its variable as the pointer; no fault repeats a value.
 */
export function readGatewayConfig(variables: Variables, given: ConfigReader): GatewayConfig {
  const files = new Set<string>();
  const reader: ConfigReader = {
    ...given,
    readFile(path) {
      files.add(path);
      return given.readFile(path);
    },
  };
  const { values, origins, faults } = readSettings(gatewaySettings, variables, reader);
  const sdk = readSdk(variables, reader);
  const consent = readConsent(values, reader);
  const people = readOperators(values, reader);
  const all = [
    ...('faults' in sdk ? sdk.faults : []),
    ...faults,
    ...(consent && 'faults' in consent ? consent.faults : []),
    ...('faults' in people ? people.faults : []),
    ...contradictions(values, origins),
  ];
  if (all.length > 0 || 'faults' in sdk || (consent && 'faults' in consent) || 'faults' in people) {
    throw invalidSettings(all);
  }
  const settings = settingsInForce(variables, { sdk: sdk.origins, gateway: origins });
  return configOf(values, { sdk, origins, settings, consent, people: people.operators, files: [...files] });
}

/** The notices are read at the start: a gateway never serves with half of them. */
function readConsent({ consentNotices: path, consentKey: key }: GatewayValues, reader: ConfigReader) {
  if (path === undefined) return key && { notices: [], key };
  const setting = gatewaySettings.consentNotices.name;
  const read = readNamedFile({ setting, what: 'list of notices', path, parse: parseConsentNotices }, reader);
  return 'faults' in read ? read : { ...read, key };
}

function readOperators({ operatorsFile: path }: GatewayValues, reader: ConfigReader) {
  if (path === undefined) return { operators: undefined };
  const setting = gatewaySettings.operatorsFile.name;
  return readNamedFile({ setting, what: 'list of operators', path, parse: parseOperators }, reader);
}

/** The policy on captchas is the gateway's own matter, which knows one mode more. */
function readSdk(variables: Variables, { readFile, alsoKnown = [] }: ConfigReader) {
  const { [gatewaySettings.captchaPolicy.name]: _, ...others } = variables;
  try {
    return readConfig(others, { readFile, alsoKnown: [...gatewayVariables, ...alsoKnown] });
  } catch (error) {
    if (isGuestpassError(error)) return { faults: error.faults };
    throw error;
  }
}

type Origins = GatewayConfig['origins'];

function contradictions(values: GatewayValues, origins: Origins): Fault[] {
  const { webhookUrl, webhookSecret, databaseUrl, databaseDirectory } = values;
  const { port = defaultPort, operatorPort = defaultOperatorPort } = values;
  const faults: Fault[] = [];
  const fault = (key: keyof GatewayValues, detail: string) =>
    faults.push({ pointer: `/${origins[key] ?? gatewaySettings[key].name}`, detail });
  if (webhookUrl !== undefined && !origins.webhookSecret)
    fault('webhookSecret', `is not set, but ${origins.webhookUrl} is`);
  if (webhookSecret !== undefined && !origins.webhookUrl)
    fault('webhookUrl', `is not set, but ${origins.webhookSecret} is`);
  if (webhookUrl?.startsWith('http:') && values.insecureWebhooks !== true) {
    fault('webhookUrl', `must use https unless ${gatewaySettings.insecureWebhooks.name} is true`);
  }
  if (databaseUrl !== undefined && databaseDirectory !== undefined) {
    fault('databaseDirectory', `is set together with ${origins.databaseUrl}`);
  }
  if (databaseUrl !== undefined && !origins.masterKey) {
    fault('masterKey', `is not set, and the database of ${origins.databaseUrl} needs it`);
  }
  if (values.previousCheckpointKey && !origins.checkpointKey) {
    fault('checkpointKey', `is not set, but ${origins.previousCheckpointKey} is`);
  }
  if (values.recordsDays !== 0 && (values.personalDataDays ?? 90) > (values.recordsDays ?? 2_192)) {
    fault('personalDataDays', `is more than the days that the rest is kept, ${values.recordsDays ?? 2_192}`);
  }
  if (port !== 0 && port === operatorPort) fault('operatorPort', 'is the port of the public listener too');
  return [...faults, ...signInFaults(values, (key) => origins[key] !== undefined)];
}

const minute = 60_000;
const defaultPort = 4_000;
const defaultOperatorPort = 4_001;

type AlreadyRead = Pick<GatewayConfig, 'sdk' | 'origins' | 'settings' | 'consent' | 'files'> &
  Pick<GatewayConfig['operator'], 'people'>;

function configOf(values: GatewayValues, { people, ...read }: AlreadyRead): GatewayConfig {
  const { allowedOrigins = [], trustedProxies = [], databaseUrl, webhookUrl, webhookSecret } = values;
  return {
    ...read,
    platform: platformOf(values, read.sdk),
    listen: { host: values.host ?? '127.0.0.1', port: values.port ?? defaultPort },
    operator: {
      host: values.operatorHost ?? '127.0.0.1',
      port: values.operatorPort ?? defaultOperatorPort,
      token: values.operatorToken,
      people,
      signIn: signInOf(values),
      publicUrl: values.operatorPublicUrl,
      sessionMs: (values.operatorSessionHours ?? 12) * 60 * minute,
    },
    publicUrl: values.publicUrl,
    guestNotice: values.guestNotice,
    docsUrl: values.docsUrl,
    websites: allowedOrigins,
    requireOrigin: values.requireOrigin ?? allowedOrigins.length > 0,
    requireIdempotencyKey: values.requireIdempotencyKey ?? false,
    isTrustedProxy: createNetworkList(trustedProxies),
    ...limitsOf(values),
    storage:
      databaseUrl === undefined
        ? { directory: values.databaseDirectory ?? '.guestpass/postgres' }
        : { url: databaseUrl },
    masterKey: values.masterKey,
    checkpoints: {
      key: values.checkpointKey,
      previousKey: values.previousCheckpointKey,
      file: values.checkpointFile ?? '.guestpass/checkpoints.jsonl',
    },
    retention: retentionOf(values),
    webhook:
      webhookUrl === undefined || webhookSecret === undefined ? undefined : { url: webhookUrl, secret: webhookSecret },
    schedule: values.webhookSchedule,
    receivers: receiversOf(values),
    captcha: {
      altchaSecret: values.altchaSecret,
      recaptchaSecret: values.recaptchaSecret,
      hcaptchaSecret: values.hcaptchaSecret,
      turnstileSecret: values.turnstileSecret,
      hostnames: values.captchaHostnames,
      action: values.captchaAction,
    },
    logLevel: values.logLevel ?? 'info',
    values,
  };
}

/** Where the SDK asks nothing of a consent's age and takes a captcha at its word, the gateway is strict. */
function platformOf(values: GatewayValues, { options }: GuestpassConfig): PipelineOptions {
  const { captchaPolicy = 'verified', circuitBreaker = true, unverifiedChannels } = values;
  const { consent, captcha, ...policy } = options.policy;
  return {
    ...options,
    breaker: circuitBreaker,
    policy: {
      ...policy,
      consent: { maxAgeMs: 15 * minute, maxSkewMs: minute, ...consent },
      captcha: { ...captcha, mode: captchaPolicy, ...(unverifiedChannels && { unverifiedChannels }) },
    },
  };
}

function limitsOf(values: GatewayValues): Pick<GatewayConfig, 'rates' | 'load' | 'drain'> {
  return {
    rates: {
      address: values.ratePerAddress ?? 10,
      subnet: values.ratePerSubnet ?? 60,
      channel: values.ratePerChannel ?? 600,
      total: values.rateTotal ?? 3_000,
    },
    load: {
      maxConnections: values.maxConnections ?? 2_000,
      maxConnectionsPerAddress: values.maxConnectionsPerAddress ?? 100,
      maxInFlight: values.maxInFlight ?? 500,
      maxEventLoopDelayMs: values.maxEventLoopDelayMs ?? 250,
      maxRecordWaitMs: values.maxRecordWaitMs ?? 2_000,
      maxPendingDeliveries: values.maxPendingDeliveries ?? 100_000,
      minFreeBytes: (values.minFreeDiskMb ?? 200) * 1_048_576,
      ...(values.maxMemoryMb !== undefined && { maxMemoryBytes: values.maxMemoryMb * 1_048_576 }),
    },
    drain: { delayMs: values.drainDelayMs ?? 5_000, graceMs: values.drainGraceMs ?? 10_000 },
  };
}

function retentionOf({
  personalDataDays = 90,
  recordsDays = 2_192,
  archiveDirectory,
}: GatewayValues): GatewayConfig['retention'] {
  const span = (days: number) => (days === 0 ? undefined : days * 24 * 60 * minute);
  return { personalDataMs: span(personalDataDays), recordsMs: span(recordsDays), archiveDirectory };
}

function receiversOf({ webhookNetworks = [], insecureWebhooks = false }: GatewayValues): GatewayConfig['receivers'] {
  const allowCidrs = webhookNetworks.map(({ address, prefix }) => `${address}/${prefix}`);
  return insecureWebhooks ? { allowCidrs, allowHttp: true, ports: 'any' } : { allowCidrs, allowHttp: false };
}
