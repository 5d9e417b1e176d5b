import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SimulateFlags } from '../simulator/simulator-options.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { gather, readPort } from './flag-values.ts';

const examples = `Examples:
  guestpass simulate
  guestpass simulate --port 5000 --seed 7 --allow-origin https://shop.example
  guestpass simulate --tls --tls-name '*.sim.test' --sign-in demo
`;

/** `guestpass simulate`: runs a platform on this machine. */
export function addSimulate(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('simulate')
    .summary('run a Genesys Cloud of your own')
    .description('Runs a simulator of Genesys Cloud on this machine until Ctrl-C. Ending it that way is no failure.')
    .addHelpText('before', examples);
  addPortFlags(command);
  addPlatformFlags(command);
  command.action((_, chosen: Command) =>
    choose<SimulateFlags>(chosen, async (flags) => {
      const { runSimulator } = await import('../simulator/run-simulator.ts');
      return runSimulator(surroundings, flags);
    }),
  );
}

function addPortFlags(command: Command): void {
  command
    .optionsGroup('The port:')
    .option('--port <number>', 'port to listen on; 0 for any free one', readPort, 4010)
    .option('--strict-port', 'fail when the port is busy, instead of taking the next one')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--tls', 'speak https and wss, by a development CA that is made and kept')
    .option('--tls-directory <path>', 'where that CA is kept; implies --tls; .guestpass/tls unless told')
    .option('--tls-name <name>', 'name the certificate is good for, too; implies --tls; may be repeated', gather);
}

function addPlatformFlags(command: Command): void {
  command
    .optionsGroup('The platform:')
    .option('--seed <text>', 'makes ids, tokens and chances the same in every run')
    .option('--channel <id>', 'one more channel that lets guests in; may be repeated', gather)
    .option('--allow-origin <origin>', 'lets pages of this origin open sockets, and no others; may be repeated', gather)
    .option('--sign-in <channel>', 'lets guests of this channel sign in; may be repeated', gather)
    .option('--redirect-uri <uri>', 'where guests come back to after signing in; may be repeated', gather)
    .option('--requests-per-minute <number>', 'calls one access token may make, as Genesys counts them', readRate, 300)
    .addOption(new Option('--bot <kind>', 'who answers guests').choices(['echo', 'none']).default('echo'));
}

function readRate(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number from 1 to 9999999.');
}
