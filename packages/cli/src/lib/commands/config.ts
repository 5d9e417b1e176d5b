import type { Command } from 'commander';
import type { ShowConfigFlags } from '../settings/show-config.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fieldsFlag } from './fields-flag.ts';
import { profileHelp } from './platform-flags.ts';

const examples = `Examples:
  guestpass config show
  guestpass config show --json
  guestpass config show --profile staging
  GUESTPASS_TARGET=simulator guestpass config show
`;

/** `guestpass config`: the settings in force. */
export function addConfig(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('config')
    .summary('show the settings in force')
    .description('Works on the settings.')
    .addHelpText('before', examples)
    .command('show')
    .summary('print each setting and where it came from')
    .addHelpText('before', examples)
    .description(
      'Prints each setting in force and where it came from. Secrets are shown as *** and the ' +
        'beginning of their SHA-256.',
    )
    .option('--profile <name>', profileHelp)
    .addOption(fieldsFlag(['name', 'value', 'origin'], 'json'))
    .action((_, chosen: Command) =>
      choose<ShowConfigFlags>(chosen, async (flags) => {
        const { showConfig } = await import('../settings/show-config.ts');
        return showConfig(surroundings, flags);
      }),
    );
}
