import { type GatewayConfig, gatewaySettings } from '@guestpass/gateway/config';
import {
  type ConfiguredOptions,
  configSettings,
  type GuestpassConfig,
  type GuestpassError,
  isGuestpassError,
  messagingUrlOf,
  type Setting,
} from 'guestpass';
import { type ConfigFlags, type LoadedGatewayConfig, loadConfig, loadGatewayConfig } from '../settings/load-config.ts';
import { createTexts } from '../settings/setting-texts.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fingerprint } from '../terminal/text.ts';
import { type Finding, ok, problem, warning } from './check.ts';

/** The settings as far as they can be read, and what is wrong with them. */
export interface CheckedSettings {
  readonly finding: Finding;
  /** Absent when the platform's settings are not usable. */
  readonly sdk?: GuestpassConfig;
  /** Absent when any setting is not usable. */
  readonly gateway?: GatewayConfig;
}

/** Reads the settings of the command line and of a gateway in the same environment. */
export function checkSettings(surroundings: Surroundings, flags: ConfigFlags): CheckedSettings {
  try {
    const gateway = loadGatewayConfig(surroundings, flags);
    const written = createTexts(surroundings, flags);
    const details = [
      ...originsOf(configSettings, gateway.sdk, { ...gateway, hidden: ({ value }) => fingerprint(String(value)) }),
      ...originsOf(gatewaySettings, gateway, { ...gateway, hidden: ({ origin }) => fingerprint(written(origin)) }),
    ];
    const [caution] = gateway.cautions;
    const finding = ok(`${details.length} set, all usable`, details);
    const cautious = { ...finding, ...(caution !== undefined && warning(caution, 'Close that file to others.')) };
    return { finding: cautious, sdk: gateway.sdk, gateway };
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return { finding: faulty(error), ...platformAlone(surroundings, flags) };
  }
}

/** A gateway that cannot start is no reason not to look at the platform. */
function platformAlone(surroundings: Surroundings, flags: ConfigFlags): { readonly sdk?: GuestpassConfig } {
  try {
    return { sdk: loadConfig(surroundings, flags) };
  } catch (error) {
    if (isGuestpassError(error)) return {};
    throw error;
  }
}

function faulty({ faults, remedy }: GuestpassError): Finding {
  const details = faults.map(({ pointer, detail }) => [pointer.slice(1), detail] as const);
  const count = faults.length === 1 ? '1 setting is' : `${faults.length} settings are`;
  return { ...problem(`${count} not usable.`, remedy), details };
}

interface Read {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Partial<Record<string, string>>>;
}

interface Hiding {
  /** A secret as it may be shown; the same as in `guestpass config show`. */
  readonly hidden: (secret: { readonly value: unknown; readonly origin: string }) => string;
}

function originsOf(
  table: Readonly<Record<string, Setting>>,
  { values, origins }: Read,
  { sourceOf, hidden }: Pick<LoadedGatewayConfig, 'sourceOf'> & Hiding,
): (readonly [string, string])[] {
  return Object.entries(table).flatMap(([key, { name, secret }]) => {
    const origin = origins[key];
    if (origin === undefined) return [];
    const shown = secret ? hidden({ value: values[key], origin }) : textOf(values[key]);
    return [[name, `${shown}   (${sourceOf(origin) ?? origin})`] as const];
  });
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  // Hosts of a platform, a network, a website.
  const { loginUrl, apiUrl, address, prefix, channelId, origin } = value as Readonly<Record<string, unknown>>;
  if (apiUrl !== undefined) return loginUrl === apiUrl ? String(apiUrl) : `${loginUrl} and ${apiUrl}`;
  if (address !== undefined) return `${address}/${prefix}`;
  return channelId === undefined ? String(origin) : `${channelId}=${origin}`;
}

/** The hosts the platform is reached at: sign-in, API, and sockets where guests are made on them. */
export function urlsOf({ environment, issuer = 'rest' }: ConfiguredOptions): readonly string[] {
  const { loginUrl, apiUrl } = environment;
  return issuer === 'rest' ? [loginUrl, apiUrl] : [apiUrl, messagingUrlOf(environment)];
}
