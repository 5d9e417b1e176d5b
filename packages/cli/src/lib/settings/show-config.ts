import { gatewaySettings } from '@guestpass/gateway/config';
import { configSettings, type GuestpassConfig, type Setting, type SettingKey, settingKeys } from 'guestpass';
import { exitCodes } from '../terminal/exit-codes.ts';
import { pickFields } from '../terminal/fields.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, fingerprint, jsonDocument, printable } from '../terminal/text.ts';
import { type ConfigFlags, type LoadedGatewayConfig, loadGatewayConfig } from './load-config.ts';
import { createTexts } from './setting-texts.ts';
import { tellCautions } from './tell-cautions.ts';

export interface ShowConfigFlags extends OutputFlags, Pick<ConfigFlags, 'profile'> {
  /** Fields to tell. Default all. */
  readonly fields?: readonly string[];
}

/** Prints each setting in force and its origin, those of the gateway included. Resolves with the exit code. */
export async function showConfig(surroundings: Surroundings, flags: ShowConfigFlags): Promise<number> {
  const { terminal } = surroundings;
  const config = loadGatewayConfig(surroundings, flags);
  const gateway = gatewayRows(config, createTexts(surroundings, flags));
  const taken = new Set(gateway.map(({ name }) => name));
  const own = settingKeys.map((key) => sdkRow(key, config)).filter(({ name }) => !taken.has(name));
  if (flags.json) terminal.out(jsonDocument([...own, ...gateway].map((row) => pickFields(row, flags.fields))));
  else terminal.out(`${textOf(own)}\n  The gateway:\n\n${textOf(gateway)}`);
  tellCautions(config.cautions, surroundings, flags);
  return exitCodes.done.code;
}

/** One setting. An unset one shows what it falls back to. */
interface Row {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

function sdkRow(key: SettingKey, { sdk, sourceOf }: LoadedGatewayConfig): Row {
  const { name, secret, fallback } = configSettings[key];
  const origin = sdk.origins[key];
  if (origin === undefined) return { name, value: fallback, origin: 'not set' };
  const value = secret ? fingerprint(String(sdk.values[key])) : sdkText(key, sdk);
  return { name, value, origin: sourceOf(origin) ?? origin };
}

function sdkText(key: SettingKey, { values }: GuestpassConfig): string {
  if (key === 'environment' && values.environment) {
    const { loginUrl, apiUrl } = values.environment;
    return loginUrl === apiUrl ? apiUrl : `${loginUrl} and ${apiUrl}`;
  }
  return key === 'allowedChannels' ? (values.allowedChannels ?? []).join(', ') : String(values[key]);
}

/** Values of the gateway as they were written. */
function gatewayRows({ origins, sourceOf }: LoadedGatewayConfig, textOf: (origin: string) => string): readonly Row[] {
  const from: Readonly<Record<string, string | undefined>> = origins;
  return Object.entries<Setting>(gatewaySettings).map(([key, { name, secret, fallback }]) => {
    const origin = from[key];
    if (origin === undefined) return { name, value: fallback + elsewhere(name), origin: 'not set' };
    const shown = secret ? fingerprint(textOf(origin)) : textOf(origin);
    return { name, value: shown, origin: sourceOf(origin) ?? origin };
  });
}

/** What a setting that both know falls back to outside the gateway. */
function elsewhere(name: string): string {
  const shared = Object.values<Setting>(configSettings).find((setting) => setting.name === name);
  return shared ? `, and ${shared.fallback} for the command line` : '';
}

function textOf(rows: readonly Row[]): string {
  return columns(rows.map(({ name, value, origin }) => [name, `${printable(value)}   (${origin})`]));
}
