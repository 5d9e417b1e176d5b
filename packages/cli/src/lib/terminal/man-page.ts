import type { HelpArgument, HelpDocument, HelpOption } from './help-document.ts';

export interface ManPage {
  readonly version: string;
  /** Help of the program, then of every command, outermost first. */
  readonly documents: readonly HelpDocument[];
  /** Variables of the environment, each with what it means. */
  readonly environment: readonly (readonly [name: string, text: string])[];
  /** Files, each with what is in it. */
  readonly files: readonly (readonly [path: string, text: string])[];
}

/** The manual page, in the macros of man(7). */
export function manPage({ version, documents, environment, files }: ManPage): string {
  const [program, ...commands] = documents;
  if (!program) return '';
  const global = new Set(program.options.map(({ flags }) => flags));
  const parts = [
    `.TH GUESTPASS 1 "" "guestpass ${version}" "User Commands"`,
    section('NAME', `guestpass \\- ${escaped(program.description.replace(/\.$/, ''))}`),
    section('SYNOPSIS', `.B guestpass\n${escaped('[options] <command>')}`),
    section('DESCRIPTION', paragraphs([program.description, ...outputRules])),
    section('OPTIONS', program.options.map(optionText).join('\n')),
    section('COMMANDS', commands.map((one) => commandText(one, global)).join('\n')),
    section('ENVIRONMENT', environment.map(([name, text]) => item(bold(name), escaped(text))).join('\n')),
    section('FILES', files.map(([path, text]) => item(italic(path), escaped(text))).join('\n')),
    section('EXIT STATUS', program.exitCodes.map(({ code, meaning }) => item(`${code}`, escaped(meaning))).join('\n')),
    section('EXAMPLES', examplesText(program.examples)),
  ];
  return `${parts.join('\n')}\n`;
}

const outputRules = [
  'Results go to standard output, everything else to standard error. With --json a result is one document, also of a mistake ' +
    'in the command line and, with --help, of the help.',
];

function commandText({ usage, description, examples, ...rest }: HelpDocument, global: ReadonlySet<string>): string {
  const options = rest.options.filter(({ flags }) => !global.has(flags));
  return [
    `.SS ${quoted(usage)}`,
    escaped(description),
    ...rest.arguments.map(argumentText),
    ...options.map(optionText),
    ...(examples.length > 0 ? ['.PP\nExamples:', examplesText(examples)] : []),
  ].join('\n');
}

function argumentText({ name, description, choices }: HelpArgument): string {
  return item(italic(name), escaped(description + oneOf(choices)));
}

function optionText({ flags, description, choices, default: fallback }: HelpOption): string {
  const unlessGiven = fallback === undefined ? '' : `; default ${String(fallback)}`;
  return item(bold(flags), escaped(description + oneOf(choices) + unlessGiven));
}

function oneOf(choices: readonly string[] | undefined): string {
  return choices ? `: ${choices.join(', ')}` : '';
}

function examplesText(examples: readonly string[]): string {
  return `.RS 4\n.nf\n${examples.map(escaped).join('\n')}\n.fi\n.RE`;
}

function section(title: string, text: string): string {
  return `.SH ${quoted(title)}\n${text}`;
}

function paragraphs(texts: readonly string[]): string {
  return texts.map(escaped).join('\n.PP\n');
}

function item(label: string, text: string): string {
  return `.TP\n${label}\n${text}`;
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

/** An argument of a macro. */
function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}

/** Text in which nothing is a request, an escape or a character that some readers do not know. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./gm, '\\&.')
    .replace(/[^\n\x20-\x7e]/gu, (character) => `\\[u${hex(character)}]`);
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
