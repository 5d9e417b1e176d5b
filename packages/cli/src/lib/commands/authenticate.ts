import type { Command } from 'commander';
import type { AuthenticateFlags } from '../guest/authenticate-guest.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { readSpan } from './flag-values.ts';
import { addGuestFlags } from './guest-flags.ts';
import { addPlatformFlags } from './platform-flags.ts';

const examples = `Examples:
  guestpass authenticate --target simulator --channel demo --consent
  guestpass authenticate --environment usw2 --client-id ID --client-secret-file secret.txt --payload guest.json
  guestpass authenticate --payload - --dry-run < guest.json
  guestpass authenticate --issuer authenticated-web-messaging --channel demo --consent --sign-in-file code.json
`;

/** `guestpass authenticate`: lets one guest in. */
export function addAuthenticate(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('authenticate')
    .alias('auth')
    .summary('let one guest in')
    .description(
      'Lets one guest in: consent, captcha, token, guest, audit record. Settings: guestpass help environment.',
    )
    .addHelpText('before', examples);
  addGuestFlags(command);
  addPlatformFlags(command);
  addRunFlags(command);
  command.action((_, chosen: Command) =>
    choose<AuthenticateFlags>(chosen, async (flags) => {
      const { authenticateGuest } = await import('../guest/authenticate-guest.ts');
      return authenticateGuest(surroundings, flags);
    }),
  );
}

function addRunFlags(command: Command): void {
  command
    .optionsGroup('The attempt:')
    .option('--deadline <span>', 'time for the attempt, such as 5s or 800ms', readSpan)
    .option('--idempotency-key <key>', '16 to 128 letters, digits, _ or -; names this guest to the platform')
    .option('--audit-file <file>', 'append audit records to this JSON lines file')
    .option('--dry-run', 'check settings, payload and policy; send nothing')
    .option('--show-token', 'print the session token whole, and those of a guest who signed in');
}
