import { configSettings, type Setting } from 'guestpass';
import { exitCodes } from './exit-codes.ts';
import { operatorSettings } from './operator-settings.ts';
import { columns, printable } from './text.ts';

/** A page of help, or what to say when there is none of that name. */
export function helpTopic(name: string): { readonly found: boolean; readonly text: string } {
  const topic = Object.hasOwn(topics, name) ? topics[name] : undefined;
  if (topic) return { found: true, text: topic() };
  const known = Object.keys(topics).join(', ');
  return {
    found: false,
    text: `✗ There is no help on ${printable(name)}.\n  Next: name a command, or one of ${known}\n`,
  };
}

const topics: Readonly<Record<string, () => string>> = {
  'exit-codes': exitCodePage,
  environment: environmentPage,
};

function exitCodePage(): string {
  return `Exit codes:\n${columns(Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]))}`;
}

function environmentPage(): string {
  const settings: readonly Setting[] = [...Object.values(configSettings), ...Object.values(operatorSettings)];
  return `Settings come from flags, then the environment, then the file .env in the working directory.

${settings.map(settingText).join('\n')}
  NO_COLOR
      Set and not empty: no colors.
`;
}

function settingText({ name, aliases, secret, doc, fallback }: Setting): string {
  const others = [...(secret ? [`${name}_FILE`] : []), ...aliases];
  return `  ${name}${others.length > 0 ? `   also ${others.join(', ')}` : ''}\n      ${doc}\n      Default: ${fallback}\n`;
}
