import { type Command, InvalidArgumentError } from 'commander';
import type { Outcome } from 'guestpass';
import type { TailFlags } from '../operator/tail.ts';
import { newsFields } from '../operator/view-fields.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fieldsFlag } from './fields-flag.ts';
import { readCount, readList } from './flag-values.ts';

const examples = `Examples:
  guestpass tail
  guestpass tail --outcome failed,unknown --channel web
  guestpass tail --ndjson | jq .code
  guestpass tail --fields outcome,code,stages.token
`;

/** `guestpass tail`: attempts of a gateway as they end. */
export function addTail(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('tail')
    .summary('show guests of a gateway as they come')
    .description(
      'Shows each attempt of a gateway as it ends, until Ctrl-C. A connection that is lost is made again, behind the last ' +
        'event that was seen. Asks GUESTPASS_OPERATOR_URL with GUESTPASS_OPERATOR_TOKEN.',
    )
    .addHelpText('before', examples)
    .option('--outcome <names>', 'admitted, refused, failed or unknown; several with commas', readOutcomes)
    .option('--code <codes>', 'error codes, with commas', readList)
    .option('--channel <ids>', 'channels, with commas', readList)
    .option('--deliveries', 'show tries to deliver webhooks too')
    .option('--ndjson', 'print one JSON object a line')
    .addOption(fieldsFlag(newsFields, 'ndjson'))
    .option('--count <number>', 'end after so many', readCount)
    .action((_, chosen: Command) =>
      choose<TailFlags>(chosen, async (flags) => {
        const { tail } = await import('../operator/tail.ts');
        return tail(surroundings, flags);
      }),
    );
}

const outcomes: readonly string[] = ['admitted', 'refused', 'failed', 'unknown'] satisfies readonly Outcome[];

function readOutcomes(text: string): readonly string[] {
  const names = readList(text);
  if (names.every((name) => outcomes.includes(name))) return names;
  throw new InvalidArgumentError(`Give some of ${outcomes.join(', ')}, with commas.`);
}
