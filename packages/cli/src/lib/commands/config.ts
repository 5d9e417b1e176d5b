import type { Command } from 'commander';
import type { Choose } from '../terminal/job.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { profileHelp } from './guest-flags.ts';

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
    .action((_, chosen: Command) =>
      choose<OutputFlags & { readonly profile?: string }>(chosen, async (flags) => {
        const { showConfig } = await import('../settings/show-config.ts');
        return showConfig(surroundings, flags);
      }),
    );
}
