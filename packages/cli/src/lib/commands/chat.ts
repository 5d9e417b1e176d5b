import type { Command } from 'commander';
import type { ChatFlags } from '../chat/chat.ts';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { spanFlag } from './flag-values.ts';
import { addGuestFlags } from './guest-flags.ts';
import { addPlatformFlags } from './platform-flags.ts';

const examples = `Examples:
  guestpass chat --target simulator --channel demo --consent
  guestpass authenticate --target simulator --channel demo --consent --json --show-token > pass.json
  guestpass chat --guest-pass pass.json --script lines.txt --json
`;

/** `guestpass chat`: talks as a guest. */
export function addChat(program: Command, surroundings: Surroundings, choose: Choose): void {
  const command = program
    .command('chat')
    .summary('talk as a guest')
    .description(
      'Talks as a guest in the terminal. /attach FILE sends a file, /save FILE keeps the last one received, /new begins another conversation, /quit ends. Lines of a script, or of standard input that is no terminal, go one by one, each after the answer to the one before.',
    )
    .addHelpText('before', examples)
    .optionsGroup('The talk:')
    .option('--guest-pass <file>', 'JSON of a guest pass; without it a guest is let in first')
    .option('--script <file>', 'lines to say; then it ends')
    .addOption(spanFlag('--wait <span>', 'how long an answer to a line of a script may take', '10s'));
  addGuestFlags(command);
  addPlatformFlags(command);
  command.action((_, chosen: Command) =>
    choose<ChatFlags>(chosen, async (flags) => {
      const { chat } = await import('../chat/chat.ts');
      return chat(surroundings, flags);
    }),
  );
}
