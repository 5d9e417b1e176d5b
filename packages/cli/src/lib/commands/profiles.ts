import type { Command } from 'commander';
import type { ProfilesFlags } from '../settings/show-profiles.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fieldsFlag } from './fields-flag.ts';

const examples = `Examples:
  guestpass profiles
  guestpass profiles --json
  guestpass doctor --profile staging
`;

/** `guestpass profiles`: the profiles there are. */
export function addProfiles(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('profiles')
    .summary('list the profiles that --profile can name, those of gc too')
    .description(
      'Lists profiles: tables of settings in ~/.config/guestpass/config.toml, and those that gc, the command line of ' +
        'Genesys, keeps in ~/.gc/config.toml. Nothing is copied, and no secret is printed. One is used when --profile or ' +
        'GUESTPASS_PROFILE names it; whatever a flag, the environment or .env says wins over it.',
    )
    .addHelpText('before', examples)
    .addOption(fieldsFlag(['name', 'environment', 'clientId', 'hasSecret', 'files'], 'json'))
    .action((_, chosen: Command) =>
      choose<ProfilesFlags>(chosen, async (flags) => {
        const { showProfiles } = await import('../settings/show-profiles.ts');
        return showProfiles(surroundings, flags);
      }),
    );
}
