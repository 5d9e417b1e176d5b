import type { Command, Option } from 'commander';

/** A command as a shell completes it. */
export interface Node {
  /** Names from the program down, its own last; empty for the program itself. */
  readonly path: readonly string[];
  /** Other names of the last one. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Words an argument may be. */
  readonly values: readonly string[];
  readonly children: readonly Node[];
}

export interface Flag {
  /** Such as `--json`. */
  readonly long: string;
  /** One letter, without its dash. */
  readonly short: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
  /** Words the value may be; empty for any. */
  readonly values: readonly string[];
}

/** Reads the tree of commands; the flags of the program are known everywhere. */
export function readTree(program: Command): Node {
  return read(program, [], [helpFlag]);
}

/** Every command of a tree, the outermost first. */
export function allNodes(node: Node): readonly Node[] {
  return [node, ...node.children.flatMap(allNodes)];
}

function read(command: Command, path: readonly string[], inherited: readonly Flag[]): Node {
  const own = command.options.filter(({ long, hidden }) => long && !hidden).map(flagOf);
  const flags = [...own, ...inherited];
  return {
    path,
    aliases: command.aliases(),
    summary: command.summary() || command.description(),
    flags,
    values: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    children: command.commands.map((child) =>
      read(child, [...path, child.name()], path.length === 0 ? flags : inherited),
    ),
  };
}

/** Which stands in no list of options. */
const helpFlag: Flag = { long: '--help', short: 'h', description: 'show help', takesValue: false, values: [] };

function flagOf({ long, short, description, required, optional, argChoices = [] }: Option): Flag {
  return {
    long: long ?? '',
    short: short?.slice(1),
    description,
    takesValue: required || optional,
    values: argChoices,
  };
}
