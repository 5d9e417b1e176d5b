import type { EventEmitter } from 'node:events';
import type { Argument, Command, Option } from 'commander';
import { exitCodes } from './exit-codes.ts';

export interface HelpArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic: boolean;
  readonly choices?: readonly string[];
}

export interface HelpOption {
  /** As they are written, such as `-q, --quiet`. */
  readonly flags: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices?: readonly string[];
  readonly default?: unknown;
}

/** What a program needs to know to use a command. */
export interface HelpDocument {
  /** From the program down, such as `guestpass audit verify`. */
  readonly command: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly usage: string;
  readonly examples: readonly string[];
  readonly arguments: readonly HelpArgument[];
  /** Those of the program included. */
  readonly options: readonly HelpOption[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly exitCodes: readonly { readonly code: number; readonly meaning: string }[];
}

/** The help of this command and of all below it, the outermost first. */
export function helpDocuments(command: Command): readonly HelpDocument[] {
  return [helpDocument(command), ...command.commands.flatMap(helpDocuments)];
}

/** The help of this command. */
export function helpDocument(command: Command): HelpDocument {
  const path = pathOf(command);
  return {
    command: path,
    aliases: command.aliases(),
    description: command.description(),
    usage: `${path} ${command.usage()}`,
    examples: examplesOf(command),
    arguments: command.registeredArguments.map(argumentOf),
    options: [...command.options, ...globalOptions(command)].filter(({ hidden }) => !hidden).map(optionOf),
    commands: command.commands.map((child) => ({ name: child.name(), summary: child.summary() })),
    exitCodes: Object.values(exitCodes).map(({ code, meaning }) => ({ code, meaning })),
  };
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function globalOptions({ parent }: Command): readonly Option[] {
  return parent ? [...parent.options, ...globalOptions(parent)] : [];
}

/** What a command says before its help. */
function examplesOf(command: Command): readonly string[] {
  const parts: string[] = [];
  // A command is an emitter, which its types do not tell.
  const emitter = command as unknown as EventEmitter;
  emitter.emit('beforeHelp', { error: false, command, write: (part: string) => void parts.push(part) });
  const lines = parts
    .join('')
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line !== '' && line !== 'Examples:');
}

function argumentOf(argument: Argument): HelpArgument {
  const { description, required, variadic, argChoices } = argument;
  return { name: argument.name(), description, required, variadic, ...(argChoices && { choices: argChoices }) };
}

function optionOf({ flags, description, required, optional, argChoices, ...option }: Option): HelpOption {
  const fallback: unknown = option.defaultValueDescription ?? option.defaultValue;
  return {
    flags,
    description,
    takesValue: required || optional,
    ...(argChoices && { choices: argChoices }),
    ...(fallback !== undefined && { default: fallback }),
  };
}
