import type { OperatorRole } from '@guestpass/gateway/config';
import { type Command, Option } from 'commander';
import type { AddFlags } from '../operator/add-operator.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

const examples = `Examples:
  guestpass operator add --name ana --role auditor
  guestpass operator add --name ana --role auditor --file operators.json
  guestpass operator add --name ben --role viewer --file operators.json --quiet > ben.token
`;

const roles: readonly OperatorRole[] = ['viewer', 'auditor', 'operator', 'admin'];

/** `guestpass operator`: who may ask the operator listener of a gateway. */
export function addOperator(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('operator')
    .summary('name operators of a gateway')
    .description('Works on the operators of a gateway, who stand in the file that GUESTPASS_OPERATORS_FILE names.')
    .addHelpText('before', examples)
    .command('add')
    .summary('make a token for an operator with a name and a role')
    .description(
      'Makes a token for an operator, and prints it once with the entry that goes into the file of operators. With --file ' +
        'the entry is put there, and a gateway that runs with this file lets the operator in within a minute.',
    )
    .addHelpText('before', examples)
    .requiredOption('--name <name>', 'goes on record with all that this operator does')
    .addOption(new Option('--role <role>', 'what this operator may').choices(roles).makeOptionMandatory())
    .option('--file <file>', 'puts the entry there; made when it is not there yet')
    .action((_, chosen: Command) =>
      choose<AddFlags>(chosen, async (flags) => {
        const { addOperator: add } = await import('../operator/add-operator.ts');
        return add(surroundings, flags);
      }),
    );
}
