import type { Command } from 'commander';
import { exitCodes } from '../terminal/exit-codes.ts';
import type { Choose } from '../terminal/job.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonDocument } from '../terminal/text.ts';
import { version } from '../terminal/version.ts';

const examples = `Examples:
  guestpass help batch
  guestpass help exit-codes
  guestpass help environment
  guestpass help --man | man -l -
`;

/** `guestpass help`: help on a command, or on a topic. */
export function addHelp(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('help')
    .summary('show help on a command, or on exit-codes, environment or gateway')
    .description('Shows help on a command, or on a topic: exit-codes, environment (settings), gateway (its settings).')
    .addHelpText('before', examples)
    .argument('[topic...]', 'a command, exit-codes, environment or gateway')
    .option('--man', 'print the manual page, for man -l -')
    .action((topic: readonly string[], { man }: { readonly man?: boolean }, chosen: Command) => {
      if (man) return choose<OutputFlags>(chosen, () => tellManual(program, surroundings));
      const found = find(program, topic);
      if (found && chosen.optsWithGlobals().json) {
        return choose<OutputFlags>(chosen, async () => {
          const { helpDocument } = await import('../terminal/help-document.ts');
          surroundings.terminal.out(jsonDocument(helpDocument(found)));
          return exitCodes.done.code;
        });
      }
      if (found) return found.help();
      choose<OutputFlags>(chosen, async (flags) => {
        const { tellTopic } = await import('../settings/help-topics.ts');
        const commands = program.commands.map((command) => command.name());
        return tellTopic(surroundings, { ...flags, topic: topic.join(' '), commands });
      });
    });
}

async function tellManual(program: Command, { terminal }: Surroundings): Promise<number> {
  const { helpDocuments } = await import('../terminal/help-document.ts');
  const { manPage } = await import('../terminal/man-page.ts');
  const { environmentItems, fileItems } = await import('../settings/help-topics.ts');
  const documents = helpDocuments(program);
  terminal.out(manPage({ version: version(), documents, environment: environmentItems(), files: fileItems }));
  return exitCodes.done.code;
}

function find(program: Command, path: readonly string[]): Command | undefined {
  return path.reduce<Command | undefined>(
    (command, name) => command?.commands.find((each) => each.name() === name || each.aliases().includes(name)),
    program,
  );
}
