import { configSettings, type SettingKey, settingKeys } from 'guestpass';
import { exitCodes } from './exit-codes.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import type { OutputFlags } from './output.ts';
import type { Surroundings } from './surroundings.ts';
import { columns, jsonDocument, printable, shortened } from './text.ts';

/** Prints each setting in force and its origin. Resolves with the exit code. */
export async function showConfig(surroundings: Surroundings, flags: OutputFlags): Promise<number> {
  const { terminal } = surroundings;
  const config = loadConfig(surroundings, {});
  const shown = settingKeys.map((key) => ({ name: configSettings[key].name, ...shownValue(key, config) }));
  if (flags.json) {
    terminal.out(jsonDocument(shown));
  } else {
    terminal.out(columns(shown.map(({ name, value, origin }) => [name, `${printable(value ?? '')}   (${origin})`])));
  }
  return exitCodes.done.code;
}

/** An unset setting shows what it falls back to. */
function shownValue(key: SettingKey, config: LoadedConfig): { readonly value: string | null; readonly origin: string } {
  const { secret, fallback } = configSettings[key];
  const origin = config.originOf(key);
  if (origin === undefined) return { value: fallback, origin: 'not set' };
  return { value: secret ? shortened(String(config.values[key])) : textOf(key, config), origin };
}

function textOf(key: SettingKey, { values }: LoadedConfig): string {
  if (key === 'environment' && values.environment) {
    const { loginUrl, apiUrl } = values.environment;
    return loginUrl === apiUrl ? apiUrl : `${loginUrl} and ${apiUrl}`;
  }
  return key === 'allowedChannels' ? (values.allowedChannels ?? []).join(', ') : String(values[key]);
}
