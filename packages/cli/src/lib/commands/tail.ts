import { type Command, InvalidArgumentError } from 'commander';
import type { Choose } from '../job.ts';
import type { Surroundings } from '../surroundings.ts';
import type { TailFlags } from '../tail.ts';

const examples = `Examples:
  guestpass tail
  guestpass tail --outcome failed,unknown --channel web
  guestpass tail --ndjson | jq .code
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
    .option('--outcome <names>', 'admitted, refused, failed or unknown; several with commas', readList)
    .option('--code <codes>', 'error codes, with commas', readList)
    .option('--channel <ids>', 'channels, with commas', readList)
    .option('--deliveries', 'show tries to deliver webhooks too')
    .option('--ndjson', 'print one JSON object a line')
    .option('--count <number>', 'end after so many', readCount)
    .action((_, chosen: Command) =>
      choose<TailFlags>(chosen, async (flags) => {
        const { tail } = await import('../tail.ts');
        return tail(surroundings, flags);
      }),
    );
}

function readList(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

/** A whole number above 0. */
export function readCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError('Give a whole number above 0.');
}
