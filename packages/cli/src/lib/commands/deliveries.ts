import { type Command, Option } from 'commander';
import type { ListFlags, ReplayFlags } from '../operator/deliveries.ts';
import type { PurgeFlags } from '../operator/purge-deliveries.ts';
import { deliveryFields } from '../operator/view-fields.ts';
import type { Choose } from '../terminal/job.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fieldsFlag } from './fields-flag.ts';
import { readCount, readSpan } from './flag-values.ts';

const examples = `Examples:
  guestpass deliveries list --state dead
  guestpass deliveries list --fields id,state,tries --limit 5
  guestpass deliveries show dlv_01J
  guestpass deliveries replay --failed --since 2h --dry-run
  guestpass deliveries purge --older-than 30d --dry-run
`;

/** `guestpass deliveries`: webhooks of a gateway. */
export function addDeliveries(program: Command, surroundings: Surroundings, choose: Choose): void {
  const deliveries = program
    .command('deliveries')
    .summary('list, show, replay and purge webhooks of a gateway')
    .description('Works on the webhooks of a gateway. Asks GUESTPASS_OPERATOR_URL with GUESTPASS_OPERATOR_TOKEN.')
    .addHelpText('before', examples);
  addList(deliveries, surroundings, choose);
  addShow(deliveries, surroundings, choose);
  addReplay(deliveries, surroundings, choose);
  addPurge(deliveries, surroundings, choose);
}

function addList(deliveries: Command, surroundings: Surroundings, choose: Choose): void {
  deliveries
    .command('list')
    .summary('list deliveries, newest first')
    .description('Lists deliveries, newest first.')
    .addHelpText('before', examples)
    .addOption(new Option('--state <name>', 'only those').choices(['pending', 'delivered', 'dead', 'held']))
    .option('--endpoint <id>', 'only to this endpoint')
    .option('--attempt <id>', 'only about this attempt')
    .option('--limit <number>', 'at most so many', readCount, 50)
    .option('--ndjson', 'print one JSON object a line')
    .addOption(fieldsFlag(deliveryFields, 'ndjson'))
    .action((_, chosen: Command) =>
      choose<ListFlags>(chosen, async (flags) => {
        const { listDeliveries } = await import('../operator/deliveries.ts');
        return listDeliveries(surroundings, flags);
      }),
    );
}

function addShow(deliveries: Command, surroundings: Surroundings, choose: Choose): void {
  deliveries
    .command('show')
    .summary('show one delivery with every try')
    .description('Shows one delivery with every try.')
    .addHelpText('before', examples)
    .argument('<id>', 'dlv_…')
    .action((id: string, _, chosen: Command) =>
      choose<OutputFlags>(chosen, async (flags) => {
        const { showDelivery } = await import('../operator/deliveries.ts');
        return showDelivery(id, surroundings, flags);
      }),
    );
}

function addReplay(deliveries: Command, surroundings: Surroundings, choose: Choose): void {
  deliveries
    .command('replay')
    .summary('deliver once more')
    .description(
      'Delivers one, or all that were given up, once more: with the same id and the same bytes. Asks before it does so when ' +
        'a person sits at the terminal.',
    )
    .addHelpText('before', examples)
    .argument('[id]', 'dlv_…')
    .option('--failed', 'those that were given up')
    .option('--since <span>', 'with --failed: made within this span, such as 30m, 2h or 3d', readSpan)
    .option('--endpoint <id>', 'with --failed: only to this endpoint')
    .option(
      '--reason <text>',
      'goes into the audit log for good, so it names no person',
      'Replayed from the command line.',
    )
    .option('-n, --dry-run', 'count them, and change nothing')
    .option('-y, --yes', 'do not ask')
    .action((id: string | undefined, _, chosen: Command) =>
      choose<ReplayFlags>(chosen, async (flags) => {
        const { replayDeliveries } = await import('../operator/deliveries.ts');
        return replayDeliveries(id, surroundings, flags);
      }),
    );
}

function addPurge(deliveries: Command, surroundings: Surroundings, choose: Choose): void {
  deliveries
    .command('purge')
    .summary('delete what was given up')
    .description(
      'Deletes deliveries that were given up, for good. Counts them first and asks; where nobody can be asked, -y has to ' +
        'say that it is meant. What tells of guests on hold stays.',
    )
    .addHelpText('before', examples)
    .argument('[id]', 'dlv_…')
    .option('--all', 'all that were given up')
    .option('--older-than <span>', 'those made longer ago than this span, such as 2h or 30d', readSpan)
    .option('--endpoint <id>', 'those to this endpoint')
    .option(
      '--reason <text>',
      'goes into the audit log for good, so it names no person',
      'Purged from the command line.',
    )
    .option('-n, --dry-run', 'count them, and change nothing')
    .option('-y, --yes', 'do not ask')
    .action((id: string | undefined, _, chosen: Command) =>
      choose<PurgeFlags>(chosen, async (flags) => {
        const { purgeDeliveries } = await import('../operator/purge-deliveries.ts');
        return purgeDeliveries(id, surroundings, flags);
      }),
    );
}
