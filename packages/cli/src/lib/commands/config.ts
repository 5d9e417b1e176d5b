import type { Command } from 'commander';
import type { Choose } from '../job.ts';
import type { OutputFlags } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';

/** `guestpass config`: the settings in force. */
export function addConfig(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('config')
    .description('Works on the settings.')
    .command('show')
    .summary('print each setting and where it came from')
    .description('Prints each setting in force and where it came from. Secrets are shortened.')
    .action((_, chosen: Command) =>
      choose<OutputFlags>(chosen, async (flags) => {
        const { showConfig } = await import('../show-config.ts');
        return showConfig(surroundings, flags);
      }),
    );
}
