import { Argument, type Command } from 'commander';
import type { Choose } from '../terminal/job.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { type EventType, eventTypes } from '../webhooks/sample-event.ts';
import type { TriggerFlags } from '../webhooks/trigger.ts';
import { readAttribute } from './guest-flags.ts';

const examples = `Examples:
  guestpass trigger guest.authenticated --to http://127.0.0.1:4020
  guestpass trigger guest.refused --to http://127.0.0.1:4020 --set channelId=web --set code=captcha_rejected
  guestpass trigger guest.erased --dry-run --json
`;

/** `guestpass trigger`: sends a sample event. */
export function addTrigger(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('trigger')
    .summary('send a signed sample event to a receiver')
    .description(
      'Sends one event as a gateway signs it. It tells of nobody: its ids are made up. The secret is that of guestpass listen.',
    )
    .addHelpText('before', examples)
    .addArgument(new Argument('<event>', 'what to tell of').choices(eventTypes))
    .option('--to <url>', 'receiver; GUESTPASS_WEBHOOK_URL unless told')
    .option('--set <field=value>', 'a field of the data; may be repeated', readAttribute)
    .option('--id <id>', 'webhook-id; the same one again shows how repeats are taken')
    .option('--secret-file <file>', 'file that holds the secret; made when it is not there')
    .option('--dry-run', 'show the event and its signature; send nothing')
    .action((event: EventType, _, chosen: Command) =>
      choose<TriggerFlags>(chosen, async (flags) => {
        const { trigger } = await import('../webhooks/trigger.ts');
        return trigger(event, surroundings, flags);
      }),
    );
}
