import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BatchFlags } from '../batch/batch.ts';
import { lineFields } from '../batch/line-fields.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fieldsFlag } from './fields-flag.ts';
import { readSpan } from './flag-values.ts';
import { addPlatformFlags } from './platform-flags.ts';

const examples = `Examples:
  guestpass batch guests.ndjson > results.ndjson
  guestpass batch guests.ndjson --resume >> results.ndjson
  cat guests.csv | guestpass batch - --format csv --journal guests.journal
`;

/** `guestpass batch`: lets many guests in. */
export function addBatch(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('batch')
    .summary('let the guests of a file in')
    .description(
      'Lets the guests of a file in: a JSON payload on each line, or a CSV table whose first row names the fields, such as ' +
        'channelId,consent.accepted,consent.timestamp,attributes.origin. Tells one JSON object a line, in the order they end, ' +
        'and exits with the worst code. A journal keeps what was done, so that --resume repeats nothing.',
    )
    .addHelpText('before', examples)
    .argument('[file]', 'NDJSON or CSV; - is standard input', '-')
    .optionsGroup('The batch:')
    .addOption(
      new Option('--format <name>', 'ndjson or csv; by the name of the file unless told').choices(['ndjson', 'csv']),
    )
    .option('--concurrency <number>', 'guests at once', readConcurrency, 4)
    .option('--journal <file>', 'where is kept what was done; <file>.journal unless told')
    .option('--resume', 'go on with the journal of a batch that was interrupted')
    .option(
      '--repeat-unknown',
      'with --resume: send lines again whose outcome is not known, with the same idempotency key',
    )
    .option('--channel <id>', 'channel of guests that name none')
    .option('--deadline <span>', 'time for each guest, such as 5s or 800ms', readSpan)
    .option('--audit-file <file>', 'append audit records to this JSON lines file')
    .option('--show-token', 'print session tokens whole; the journal never holds them');
  command.addOption(fieldsFlag(lineFields, 'ndjson'));
  addPlatformFlags(command);
  command.action((file: string, _, chosen: Command) =>
    choose<BatchFlags>(chosen, async (flags) => {
      const { runBatch } = await import('../batch/batch.ts');
      return runBatch(file, surroundings, flags);
    }),
  );
}

function readConcurrency(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 1_000) return number;
  throw new InvalidArgumentError('Give a whole number from 1 to 1000.');
}
