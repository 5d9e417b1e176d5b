import type { Command } from 'commander';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { heardFields } from '../webhooks/heard-fields.ts';
import type { ListenFlags } from '../webhooks/listen.ts';
import { fieldsFlag } from './fields-flag.ts';
import { readCount, readList, readPort, readUrl } from './flag-values.ts';

const examples = `Examples:
  guestpass listen
  guestpass listen --forward-to http://localhost:3000/webhooks --events 'guest.*'
  export GUESTPASS_WEBHOOK_SECRET=$(guestpass listen --print-secret)
`;

/** `guestpass listen`: receives webhooks on this machine. */
export function addListen(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('listen')
    .summary('receive webhooks on this machine')
    .description(
      'Receives webhooks on the loopback interface until Ctrl-C, verifies them, shows them and hands them on. The secret is ' +
        'GUESTPASS_WEBHOOK_SECRET, or one that is kept in .guestpass/listen-secret. A gateway on this machine reaches it with ' +
        'GUESTPASS_INSECURE_WEBHOOKS=true and GUESTPASS_WEBHOOK_NETWORKS=127.0.0.0/8.',
    )
    .addHelpText('before', examples)
    .option('--port <number>', 'port to listen on; 0 for any free one', readPort, 4_020)
    .option('--forward-to <url>', 'hand each event on, bytes and signature as they came', readUrl)
    .option('--events <patterns>', "events to show and hand on, such as 'guest.*'; several with commas", readList, [
      '*',
    ])
    .option('--secret-file <file>', 'file that holds the secret; made when it is not there')
    .option('--print-secret', 'print the secret, and do nothing else')
    .option('--ndjson', 'print one JSON object a line')
    .addOption(fieldsFlag(heardFields, 'ndjson'))
    .option('--count <number>', 'end after so many', readCount)
    .action((_, chosen: Command) =>
      choose<ListenFlags>(chosen, async (flags) => {
        const { listen } = await import('../webhooks/listen.ts');
        return listen(surroundings, flags);
      }),
    );
}
