import type { CommanderError } from 'commander';
import { GuestpassError } from 'guestpass';
import { jsonDocument } from './text.ts';

/** A command line that could not be read, as a program is told of it. */
export function misread({ code, message }: CommanderError): string {
  const detail =
    code === 'commander.help' ? 'A command is missing.' : message.replace(/^error: /, '').replaceAll('\n', ' ');
  const remedy = 'Read the help: guestpass --help --json, or that of the command.';
  return jsonDocument({ error: new GuestpassError('config_invalid', detail, { remedy }) });
}
