import type { Command } from 'commander';
import type { ServeFlags } from '../run-gateway.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { addTargetFlags } from './platform-flags.ts';

const examples = `Examples:
  guestpass serve --target simulator
  guestpass serve --environment usw2 --client-id ID --client-secret-file secret.txt
  GUESTPASS_DATABASE_URL=postgres://... guestpass serve --environment mypurecloud.ie
`;

/** `guestpass serve`: runs the gateway against any target. */
export function addServe(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('serve')
    .summary('run the gateway that websites call')
    .description(
      'Runs the gateway until Ctrl-C: guests on the public listener, the operator API on another, records and webhooks ' +
        'in PostgreSQL. Everything else is set by environment variables; see docs/configuration.md. Secrets are read again ' +
        'when their file changes, and on SIGHUP.',
    )
    .addHelpText('before', examples);
  addTargetFlags(command);
  command.action((_, chosen: Command) =>
    choose<ServeFlags>(chosen, async (flags) => {
      const { runGateway } = await import('../run-gateway.ts');
      return runGateway(surroundings, flags);
    }),
  );
}
