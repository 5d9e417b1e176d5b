import type { Command } from 'commander';

/** The command whose help these words ask for; `undefined` when they do not ask for help. */
export function helpAsked(program: Command, argv: readonly string[]): Command | undefined {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  if (!words.includes('--help') && !words.includes('-h')) return undefined;
  let found = program;
  for (const word of words.filter((one) => !one.startsWith('-'))) {
    const child = found.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (!child) break;
    found = child;
  }
  return found;
}
