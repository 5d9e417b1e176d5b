import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SimulateFlags } from '../simulator/simulator-options.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

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
    .option('--tls-name <name>', 'name the certificate is good for, too; implies --tls; may be repeated', collect);
}

function addPlatformFlags(command: Command): void {
  command
    .optionsGroup('The platform:')
    .option('--seed <text>', 'makes ids, tokens and chances the same in every run')
    .option('--channel <id>', 'one more channel that lets guests in; may be repeated', collect)
    .option(
      '--allow-origin <origin>',
      'lets pages of this origin open sockets, and no others; may be repeated',
      collect,
    )
    .option('--sign-in <channel>', 'lets guests of this channel sign in; may be repeated', collect)
    .option('--redirect-uri <uri>', 'where guests come back to after signing in; may be repeated', collect)
    .option('--requests-per-minute <number>', 'calls one access token may make, as Genesys counts them', readRate, 300)
    .addOption(new Option('--bot <kind>', 'who answers guests').choices(['echo', 'none']).default('echo'));
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('Give a number from 0 to 65535.');
}

function readRate(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number from 1 to 9999999.');
}
