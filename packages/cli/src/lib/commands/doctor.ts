import type { Command } from 'commander';
import type { DoctorFlags } from '../doctor/doctor.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { addTargetFlags } from './platform-flags.ts';

const examples = `Examples:
  guestpass doctor --target simulator
  guestpass doctor --environment usw2 --issuer web-messaging --channel DEPLOYMENT-ID
  guestpass doctor --webhook --json
`;

/** `guestpass doctor`: checks everything a guest needs to get in. */
export function addDoctor(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('doctor')
    .summary('check settings, platform, captcha, records and database')
    .description(
      'Checks settings, clock, names, TLS, token, platform, captcha, audit log and database at once, and makes no guest. ' +
        'Exits 6 when something is wrong, and says what to do about it.',
    )
    .addHelpText('before', examples)
    .optionsGroup('The checks:')
    .option('--audit-file <file>', 'audit log to look at')
    .option('--channel <id>', 'channel whose deployment is looked at, with web-messaging')
    .option('--webhook', 'send the receiver of webhooks two test events, one of them forged');
  addTargetFlags(command);
  command.action((_, chosen: Command) =>
    choose<DoctorFlags>(chosen, async (flags) => {
      const { examine } = await import('../doctor/doctor.ts');
      return examine(surroundings, flags);
    }),
  );
}
