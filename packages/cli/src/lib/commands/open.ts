import { Argument, type Command } from 'commander';
import type { OpenFlags, Page } from '../operator/open-page.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { readOrigin } from './flag-values.ts';

const examples = `Examples:
  guestpass open console
  guestpass open guest --channel demo
  guestpass open docs --url http://127.0.0.1:4003
`;

const pages = ['console', 'guest', 'docs'] as const satisfies readonly Page[];

/** `guestpass open`: pages of a running gateway. */
export function addOpen(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('open')
    .summary('open a page of a running gateway')
    .description(
      'Tells where a page of a running gateway is, and opens it in the browser when standard output is a terminal. The ' +
        'gateway is the one of GUESTPASS_OPERATOR_URL, the guest page that of GUESTPASS_HOST and GUESTPASS_PORT.',
    )
    .addHelpText('before', examples)
    .addArgument(new Argument('<page>', 'which one').choices(pages))
    .option('--channel <id>', 'channel of the guest page')
    .option('--url <origin>', 'where the listener of that page is, such as http://127.0.0.1:4003', readOrigin)
    .action((page: Page, _, chosen: Command) =>
      choose<OpenFlags>(chosen, async (flags) => {
        const { openPage } = await import('../operator/open-page.ts');
        return openPage(page, surroundings, flags);
      }),
    );
}
