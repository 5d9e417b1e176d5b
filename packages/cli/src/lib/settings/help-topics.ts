import { gatewaySettings } from '@guestpass/gateway/config';
import { configSettings, GuestpassError, type Setting } from 'guestpass';
import { didYouMean } from 'guestpass/settings';
import { exitCodes } from '../terminal/exit-codes.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import { operatorSettings } from './operator-settings.ts';
import { profileSettings } from './profiles.ts';

/** What help is asked for. */
export interface HelpAsked extends OutputFlags {
  readonly topic: string;
  /** Names that would have had help. */
  readonly commands: readonly string[];
}

/** Tells a page of help, or that there is none of that name. Returns the exit code. */
export function tellTopic({ terminal }: Pick<Surroundings, 'terminal'>, { topic, commands, json }: HelpAsked): number {
  const page = Object.hasOwn(topics, topic) ? topics[topic] : undefined;
  if (page) {
    terminal.out(json ? jsonDocument({ topic, text: page() }) : page());
    return exitCodes.done.code;
  }
  const known = Object.keys(topics);
  const near = didYouMean(topic, [...commands, ...known]);
  const detail = `There is no help on ${printable(topic)}.${near === undefined ? '' : ` Did you mean ${near}?`}`;
  const remedy = `name a command, or one of ${known.join(', ')}`;
  if (json) terminal.out(jsonDocument({ error: new GuestpassError('config_invalid', detail, { remedy }) }));
  terminal.err(`✗ ${detail}\n  Next: ${remedy}\n`);
  return exitCodes.usage.code;
}

const topics: Readonly<Record<string, () => string>> = {
  'exit-codes': exitCodePage,
  environment: environmentPage,
  gateway: gatewayPage,
};

/** Each variable with what it means, those of the gateway included. */
export function environmentItems(): readonly (readonly [name: string, text: string])[] {
  const own = commandSettings();
  const names = new Set(own.map(({ name }) => name));
  const ofGateway = Object.values<Setting>(gatewaySettings).filter(({ name }) => !names.has(name));
  const items = (settings: readonly Setting[], suffix: string) =>
    settings.map((setting) => [setting.name, plain(`${setting.doc} Default: ${setting.fallback}.${suffix}`)] as const);
  return [...items(own, ''), ...items(ofGateway, ' Of the gateway.'), ['NO_COLOR', 'Set and not empty: no colors.']];
}

/** Files that are read or written without being named. */
export const fileItems: readonly (readonly [path: string, text: string])[] = [
  ['.env', 'Settings of the working directory.'],
  ['~/.config/guestpass/config.toml', 'Profiles: tables of settings, by name.'],
  ['~/.gc/config.toml', 'Profiles of gc, the command line of Genesys, which are only read.'],
  ['.guestpass/', 'What a gateway, a simulator with TLS, and guestpass listen keep.'],
];

/** Documentation without the marks of Markdown. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}

function commandSettings(): readonly Setting[] {
  return [...Object.values(configSettings), ...Object.values(operatorSettings), ...Object.values(profileSettings)];
}

function exitCodePage(): string {
  return `Exit codes:\n${columns(Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]))}`;
}

function environmentPage(): string {
  return `Settings come from flags, then the environment, then the file .env in the working directory, then the profile that one
of them names. A profile is a table of these settings in ~/.config/guestpass/config.toml, or one of gc in ~/.gc/config.toml.

${commandSettings().map(settingText).join('\n')}
  NO_COLOR
      Set and not empty: no colors.

Settings of the gateway are in guestpass help gateway.
`;
}

function gatewayPage(): string {
  const settings: readonly Setting[] = Object.values(gatewaySettings);
  return `Settings of guestpass serve, beside those in guestpass help environment.

${settings.map(settingText).join('\n')}`;
}

function settingText({ name, aliases, secret, doc, fallback }: Setting): string {
  const others = [...(secret ? [`${name}_FILE`] : []), ...aliases];
  return `  ${name}${others.length > 0 ? `   also ${others.join(', ')}` : ''}\n      ${doc}\n      Default: ${fallback}\n`;
}
