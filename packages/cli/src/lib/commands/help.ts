import type { Command } from 'commander';
import { exitCodes } from '../terminal/exit-codes.ts';
import type { Choose } from '../terminal/job.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonDocument } from '../terminal/text.ts';

const examples = `Examples:
  guestpass help batch
  guestpass help exit-codes
  guestpass help environment
`;

/** `guestpass help`: help on a command, or on a topic. */
export function addHelp(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('help')
    .summary('show help on a command, or on exit-codes, environment or gateway')
    .description('Shows help on a command, or on a topic: exit-codes, environment (settings), gateway (its settings).')
    .addHelpText('before', examples)
    .argument('[topic...]', 'a command, exit-codes, environment or gateway')
    .action((topic: readonly string[], _, chosen: Command) => {
      const found = find(program, topic);
      if (found && chosen.optsWithGlobals().json) {
        return choose<OutputFlags>(chosen, async () => {
          const { helpDocument } = await import('../terminal/help-document.ts');
          surroundings.terminal.out(jsonDocument(helpDocument(found)));
          return exitCodes.done.code;
        });
      }
      if (found) return found.help();
      choose<OutputFlags>(chosen, async () => {
        const { helpTopic } = await import('../settings/help-topics.ts');
        const text = helpTopic(
          topic.join(' '),
          program.commands.map((command) => command.name()),
        );
        surroundings.terminal[text.found ? 'out' : 'err'](text.text);
        return text.found ? exitCodes.done.code : exitCodes.usage.code;
      });
    });
}

function find(program: Command, path: readonly string[]): Command | undefined {
  return path.reduce<Command | undefined>(
    (command, name) => command?.commands.find((each) => each.name() === name || each.aliases().includes(name)),
    program,
  );
}
