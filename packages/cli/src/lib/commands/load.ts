import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Assertion, parseAssertions } from '../load/assertions.ts';
import { type LoadFault, parseFault } from '../load/faults.ts';
import type { LoadFlags } from '../load/load.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { readUrl, spanFlag } from './flag-values.ts';
import { addGuestFlags } from './guest-flags.ts';
import { addPlatformFlags } from './platform-flags.ts';

const examples = `Examples:
  guestpass load --target simulator --channel demo --consent --rate 5/s --for 30s
  guestpass load --target simulator --channel demo --consent --fault 429:5% --assert 'p95<800ms,errors<1%'
  guestpass load --gateway http://127.0.0.1:4000 --channel demo --consent --rate 50/s --for 2m --ramp 30s --junit out.xml
`;

/** `guestpass load`: how do guests fare at a rate? */
export function addLoad(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('load')
    .summary('let guests come at a rate, and measure')
    .description(
      'Lets guests come at a rate, whatever becomes of those before, and measures each from when it was due. Every guest is ' +
        'real. A platform other than the simulator is held to 300 a minute, unless --unlimited. Exits 6 when an assertion fails.',
    )
    .addHelpText('before', examples)
    .optionsGroup('The load:')
    .addOption(
      new Option('--rate <rate>', 'guests a second or a minute, such as 50/s or 300/m')
        .argParser(readRate)
        .default(1, '1/s'),
    )
    .addOption(spanFlag('--for <span>', 'how long, such as 30s or 2m', '10s'))
    .addOption(spanFlag('--ramp <span>', 'how long the rate climbs from nothing', '0s'))
    .addOption(spanFlag('--deadline <span>', 'time for each guest', '10s'))
    .option(
      '--fault <what:share>',
      'what the simulator does to some: 429:5%, 800ms:10%, reset:1%, lost:1%, stall:1%; may be repeated',
      readFault,
    )
    .option('--assert <conditions>', "what must hold, such as 'p95<800ms,errors<1%'", readAssertions)
    .option('--junit <file>', 'write the assertions as a JUnit report')
    .option('--gateway <url>', 'ask a gateway as websites do, instead of the platform', readUrl)
    .option('--unlimited', 'go beyond 300 calls a minute at a real platform');
  addGuestFlags(command);
  addPlatformFlags(command);
  command.action((_, chosen: Command) =>
    choose<LoadFlags>(chosen, async (flags) => {
      const { load } = await import('../load/load.ts');
      return load(surroundings, flags);
    }),
  );
}

function readRate(text: string): number {
  const [, digits, unit] = /^(\d{1,6}(?:\.\d+)?)(\/s|\/m)$/.exec(text) ?? [];
  const rate = Number(digits) / (unit === '/m' ? 60 : 1);
  if (rate > 0) return rate;
  throw new InvalidArgumentError('Give a rate such as 50/s or 300/m.');
}

function readFault(text: string, before: readonly LoadFault[] = []): readonly LoadFault[] {
  const fault = parseFault(text);
  if (fault) return [...before, fault];
  throw new InvalidArgumentError('Give a status, a delay, reset, lost or stall, and a share: 429:5%, 800ms:10%.');
}

function readAssertions(text: string, before: readonly Assertion[] = []): readonly Assertion[] {
  const parsed = parseAssertions(text);
  if (typeof parsed !== 'string') return [...before, ...parsed];
  throw new InvalidArgumentError(`Give conditions such as p95<800ms,errors<1%. ${parsed}.`);
}
